import { WorkerEntrypoint } from 'cloudflare:workers'
import { timingSafeEqual } from 'node:crypto'
import { applyMigrations, type Migration } from '../core/apply-migrations.ts'
import type { Env } from '../env.ts'
import { isSpared, renewEnv, spare } from './current-env.ts'
import { type DatabaseDump, dumpDatabase, restoreDatabase } from './database.ts'
import { type Namespace, type ObjectDump, RESTARTED, type ResetApi, used } from './resettable-object.ts'

interface ControlEnv extends Env {
  /** The secret of the process that started this Worker. */
  readonly RESET_TOKEN?: string
}

/** The state that a reset returns to. */
interface FirstState {
  readonly control: DatabaseDump
  readonly segments: DatabaseDump
  readonly objects: Readonly<Record<Namespace, ReadonlyMap<string, ObjectDump>>>
}

let first: FirstState | undefined
/** The deletions of segments that an earlier reset left. The next one waits for them, so that they never pile up. */
let cleaning: Promise<unknown> = Promise.resolve()

/** How many segments are deleted at a time. */
const AT_ONCE = 8
const NAMESPACES = ['BUCKETS', 'JOBS'] as const

/**
 * The privileged entrypoint of `cairn/local`. It has a socket of its own on the loopback address, and answers only the process that knows
 * its token.
 *
 * * `POST /migrate` applies the migrations in the body.
 * * `POST /keep` keeps the present state as the first one.
 * * `POST /reset` returns to it.
 */
export class ResetControl extends WorkerEntrypoint<ControlEnv> {
  override async fetch(request: Request): Promise<Response> {
    if (!this.#isAllowed(request)) return new Response(null, { status: 403 })
    switch (new URL(request.url).pathname) {
      case '/migrate':
        await migrateAll(this.env, (await request.json()) as Migrations)
        return new Response(null, { status: 204 })
      case '/keep':
        first = await keep(this.env)
        return new Response(null, { status: 204 })
      case '/reset':
        await this.#reset()
        return new Response(null, { status: 204 })
      default:
        return new Response(null, { status: 404 })
    }
  }

  #isAllowed({ headers }: Request): boolean {
    const expected = Buffer.from(`Bearer ${this.env.RESET_TOKEN ?? ''}`)
    const given = Buffer.from(headers.get('authorization') ?? '')
    return Boolean(this.env.RESET_TOKEN) && given.length === expected.length && timingSafeEqual(given, expected)
  }

  async #reset(): Promise<void> {
    if (first === undefined) throw new Error('There is no first state yet.')
    await cleaning
    renewEnv()
    const { env } = this
    const { objects, segments, control } = first
    // The objects come before the account's database, since they write into it.
    await Promise.all(NAMESPACES.map((namespace) => restoreObjects(env, namespace, objects[namespace])))
    const [names] = await Promise.all([segmentNames(env), restoreDatabase(env.SEGMENTS, segments), restoreDatabase(env.CONTROL, control)])
    cleaning = deleteAll(
      env,
      names.filter((name) => !isSpared(name)),
    )
    this.ctx.waitUntil(cleaning)
  }
}

type Migrations = Readonly<Record<'CONTROL' | 'SEGMENTS', readonly Migration[]>>

const migrateAll = (env: Env, { CONTROL, SEGMENTS }: Migrations) =>
  Promise.all([applyMigrations(env.CONTROL, CONTROL), applyMigrations(env.SEGMENTS, SEGMENTS)])

async function keep(env: Env): Promise<FirstState> {
  const [control, segments, BUCKETS, JOBS, names] = await Promise.all([
    dumpDatabase(env.CONTROL),
    dumpDatabase(env.SEGMENTS),
    dumpObjects(env, 'BUCKETS'),
    dumpObjects(env, 'JOBS'),
    segmentNames(env),
  ])
  spare(names)
  return { control, segments, objects: { BUCKETS, JOBS } }
}

const stubOf = (env: Env, namespace: Namespace, id: string): ResetApi => {
  const objects = env[namespace] as unknown as DurableObjectNamespace
  return objects.get(objects.idFromString(id)) as unknown as ResetApi
}

async function dumpObjects(env: Env, namespace: Namespace): Promise<Map<string, ObjectDump>> {
  return new Map(await Promise.all([...used[namespace]].map(async (id) => [id, await stubOf(env, namespace, id).dump()] as const)))
}

async function restoreObjects(env: Env, namespace: Namespace, dumps: ReadonlyMap<string, ObjectDump>): Promise<void> {
  await Promise.all(
    [...used[namespace]].map(async (id) => {
      await stubOf(env, namespace, id).restore(dumps.get(id)).catch(expectRestart)
      // It is in its first state until it starts again.
      used[namespace].delete(id)
    }),
  )
}

/** @throws the error of a restart that failed for another reason */
function expectRestart(error: Error): void {
  if (!error.message.includes(RESTARTED)) throw error
}

async function segmentNames({ SEGMENTS_KV }: Env): Promise<string[]> {
  const names: string[] = []
  for (let cursor: string | undefined; ; ) {
    const page: KVNamespaceListResult<unknown> = await SEGMENTS_KV.list({ cursor })
    names.push(...page.keys.map(({ name }) => name))
    if (page.list_complete) return names
    cursor = page.cursor
  }
}

async function deleteAll({ SEGMENTS_KV }: Env, names: readonly string[]): Promise<void> {
  for (let from = 0; from < names.length; from += AT_ONCE) {
    await Promise.all(names.slice(from, from + AT_ONCE).map((name) => SEGMENTS_KV.delete(name)))
  }
}
