import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cairn } from './columns/cairn.ts'
import type { Running } from './columns/column.ts'
import { Loader } from './loader.ts'
import type { CostRow } from './rows.ts'
import { Session } from './session.ts'

// A migration against `rclone copy`, between the same two servers. The source is a second Cairn.

/** Where `npm run install:clients` puts it. */
const RCLONE = join(import.meta.dirname, '../.wrangler/clients/rclone/bin/rclone')
const KIB = 1024
const MIB = 1024 * KIB
const POLL_MS = 250

interface Load {
  readonly id: string
  readonly title: string
  readonly count: number
  readonly bytes: number
}

const LOADS: readonly Load[] = [
  { id: 'small', title: '2,000 objects of 64 KiB', count: 2000, bytes: 64 * KIB },
  { id: 'large', title: '10 objects of 100 MiB', count: 10, bytes: 100 * MIB },
]

const idOf = ({ id }: Load): string => `migrate-${id}`
export const MIGRATION_ROW_IDS: readonly string[] = LOADS.map(idOf)

let source: Promise<Session> | undefined

/** The second server, started when the first row needs it. The bench stops all servers at its end. */
function openSource(folder: string, loader: Loader, quick: boolean): Promise<Session> {
  source ??= (async () => {
    const column = cairn('serve', folder)
    return new Session({ column, running: await column.start(), loader, quick })
  })()
  return source
}

/** The rows; none when rclone is not installed. */
export function migrationRows(work: string): CostRow[] {
  if (existsSync(RCLONE)) return LOADS.map((load) => row(load, work))
  console.log('rclone is not installed, so migrations are not compared with it: npm run install:clients')
  return []
}

const countOf = ({ count }: Load, quick: boolean): number => (quick ? Math.ceil(count / 10) : count)

function row(load: Load, work: string): CostRow {
  const bucket = `migrate-${load.id}`
  const loader = new Loader()
  const opened = ({ quick }: Session) => openSource(join(work, 'migration-source'), loader, quick)
  return {
    id: idOf(load),
    title: `${load.title} copied from another server:`,
    small: '`rclone copy`',
    large: 'a migration',
    wanted: 2,
    columns: ['cairn (serve)'],
    setup: async (session) => {
      const from = await opened(session)
      await from.createBucket(bucket)
      const count = countOf(load, session.quick)
      const calls = Array.from({ length: count }, (_, n) => ({ method: 'PUT', bucket, key: `${n}`, body: load.bytes }))
      await from.load(calls, { concurrency: 4, limitMs: 10 * 60_000, count, expect: { status: 200 } })
    },
    measure: async (session, round, size) => {
      const from = await opened(session)
      const to = `${bucket}-${size}-${round}`
      await session.createBucket(to)
      const startMs = performance.now()
      if (size === 'small') await rclone(from.running, session.running, { from: bucket, to })
      else await migrate(from.running, session.running, { from: bucket, to, objects: countOf(load, session.quick) })
      return performance.now() - startMs
    },
  }
}

interface Ends {
  readonly from: string
  readonly to: string
}

const endpointOf = ({ target: { host, port } }: Running): string => `http://${host}:${port}`

async function rclone(from: Running, to: Running, ends: Ends): Promise<void> {
  const remote = (name: string, running: Running) => ({
    [`RCLONE_CONFIG_${name}_TYPE`]: 's3',
    [`RCLONE_CONFIG_${name}_PROVIDER`]: 'Cloudflare',
    [`RCLONE_CONFIG_${name}_ENDPOINT`]: endpointOf(running),
    [`RCLONE_CONFIG_${name}_ACCESS_KEY_ID`]: running.target.accessKeyId,
    [`RCLONE_CONFIG_${name}_SECRET_ACCESS_KEY`]: running.target.secretAccessKey,
  })
  const env = { ...process.env, RCLONE_CONFIG: '/notfound', ...remote('FROM', from), ...remote('TO', to) }
  const child = spawn(RCLONE, ['copy', '--quiet', `FROM:${ends.from}`, `TO:${ends.to}`], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`rclone ended with ${code}`)
}

interface Progress {
  readonly status: string
  readonly transferredObjects: number
}

async function migrate(from: Running, to: Running, { objects, ...ends }: Ends & { objects: number }): Promise<void> {
  const secretOf = ({ target: { accessKeyId, secretAccessKey } }: Running) => ({ accessKeyId, secretAccessKey })
  const source = { vendor: 's3', bucket: ends.from, endpoint: endpointOf(from), secret: secretOf(from) }
  const target = { vendor: 'r2', bucket: ends.to, secret: secretOf(to) }
  const { id } = await call<{ id: string }>(to, 'POST', '', { source, target })
  for (;;) {
    const { status, transferredObjects } = await call<Progress>(to, 'GET', `/${id}/progress`)
    if (status === 'completed' && transferredObjects === objects) return
    if (status !== 'running') throw new Error(`The migration is ${status} with ${transferredObjects} of ${objects} objects`)
    await sleep(POLL_MS)
  }
}

async function call<T>(running: Running, method: string, path: string, body?: unknown): Promise<T> {
  const { token, accountId } = running.api!
  const url = `${endpointOf(running)}/client/v4/accounts/${accountId}/slurper/jobs${path}`
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  const { success, errors, result } = (await response.json()) as { success: boolean; errors: unknown; result: T }
  if (!success) throw new Error(`${method} ${path}: ${JSON.stringify(errors)}`)
  return result
}
