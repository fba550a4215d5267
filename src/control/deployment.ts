import type { Secrets } from '../config.ts'
import { StoreError } from '../core/errors.ts'
import { within } from '../core/timeout.ts'
import { sealedUnder, unknownKey } from '../segments/canary.ts'
import type { Keyring } from '../segments/keyring.ts'
import { purposeOf } from './tokens.ts'

/** The numbers of the last migrations that this code knows. A test compares them with the folders. */
export const SCHEMAS = { control: 15, segments: 2 } as const

export interface GuardedDatabases {
  readonly control: D1Database
  readonly segments: D1Database
}

type GuardSecrets = Pick<Secrets, 'accountId' | 'keyring'> & { readonly lostKeyIds: readonly string[] }

/** How long a refusal, or the failure of a database, is cached. */
const REMEMBER_MS = 10_000
/** How long the databases may take: a write waits no longer for one that does not answer. */
const ANSWER_MS = 5000
/** How many tokens are tried to find out which master key seals the data of an older version. */
const PROOFS = 10
const CANARY = 'canary/control'

/**
 * Checks the databases before the first write of an isolate: they must belong to this deployment, have all migrations, come from no newer
 * version, and be sealed with a configured master key. Once this is proven, a check costs nothing. If a database does not answer, writes
 * are not refused.
 */
export class DeploymentGuard {
  readonly #databases: GuardedDatabases
  readonly #secrets: GuardSecrets
  #proven = false
  #known: { readonly refusal?: StoreError; readonly untilMs: number } = { untilMs: 0 }

  constructor(databases: GuardedDatabases, secrets: GuardSecrets) {
    this.#databases = databases
    this.#secrets = secrets
  }

  /** @throws StoreError ServiceUnavailable with the reason why writes are refused */
  async check(nowMs = Date.now()): Promise<void> {
    if (this.#proven) return
    if (nowMs >= this.#known.untilMs) await this.#look(nowMs)
    if (this.#known.refusal) throw this.#known.refusal
  }

  async #look(nowMs: number): Promise<void> {
    const untilMs = nowMs + REMEMBER_MS
    try {
      await within(ANSWER_MS, this.#prove())
      this.#proven = true
      this.#known = { untilMs }
    } catch (error) {
      if (!(error instanceof StoreError)) console.warn('The check whether the databases belong to this deployment failed:', error)
      this.#known = { refusal: error instanceof StoreError ? error : undefined, untilMs }
    }
  }

  async #prove(): Promise<void> {
    await checkSchemas(this.#databases)
    await checkOwner(this.#databases.control, this.#secrets)
  }
}

const refused = (message: string): StoreError => new StoreError('ServiceUnavailable', { message })

/** @throws StoreError when migrations are missing, or when applied ones are incompatible with this code */
async function checkSchemas({ control, segments }: GuardedDatabases): Promise<void> {
  const number = 'SELECT max(CAST(substr(name, 1, 4) AS INTEGER)) AS number FROM d1_migrations'
  const [[at, floors], inSegments] = await Promise.all([
    all(control, 'control', [number, 'SELECT database, compatible_from FROM schema_floor']),
    all(segments, 'segments', [number]),
  ])
  const numbers = { control: at, segments: inSegments[0] }
  for (const name of ['control', 'segments'] as const) {
    const applied = Number(numbers[name]?.[0]?.number ?? 0)
    if (applied < SCHEMAS[name]) throw unfinished(name)
    const floor = floors?.find(({ database }) => database === name)?.compatible_from
    if (Number(floor ?? 0) > SCHEMAS[name]) throw newer(name, applied)
  }
}

type Row = Record<string, string | number | null>

async function all(db: D1Database, name: keyof typeof SCHEMAS, queries: readonly string[]): Promise<Row[][]> {
  try {
    return (await db.batch<Row>(queries.map((query) => db.prepare(query)))).map(({ results }) => results)
  } catch (error) {
    throw /no such table/.test(String(error)) ? unfinished(name) : error
  }
}

const unfinished = (name: keyof typeof SCHEMAS) =>
  refused(
    `The database cairn-${name} lacks migrations of this version. Nothing was written. Run npm run deploy again; locally, npm start and npm run dev make the tables.`,
  )

const newer = (name: keyof typeof SCHEMAS, applied: number) =>
  refused(
    `A newer version of Cairn made the tables of cairn-${name} (migration ${applied}; this one knows ${SCHEMAS[name]}). Nothing was written. Deploy that version, or a later one, again.`,
  )

/** @throws StoreError when the database belongs to another deployment, or an unknown master key seals its data */
async function checkOwner(db: D1Database, { accountId, keyring, lostKeyIds }: GuardSecrets): Promise<void> {
  const row = await db.prepare('SELECT account_id AS accountId, canary FROM deployment').first<{ accountId: string; canary: string }>()
  if (row && row.accountId !== accountId) {
    throw refused(
      `The database cairn-control belongs to the deployment ${row.accountId}, but ACCOUNT_ID names another one. Nothing was written. Give this deployment databases and a KV namespace of its own.`,
    )
  }
  const keyId = row ? await unopened(keyring, row.canary) : await unproven(db, keyring)
  if (keyId !== undefined && !lostKeyIds.includes(keyId)) throw unknownKey('account', keyId)
  if (!row || !keyring.isPresent(row.canary)) await writeCanary(db, accountId, keyring)
}

async function unopened(keyring: Keyring, canary: string): Promise<string | undefined> {
  return (await opens(keyring, CANARY, canary)) ? undefined : sealedUnder(canary)
}

/** Checks data of a version without canaries by its tokens. It is enough if one token opens, or if there are none. */
async function unproven(db: D1Database, keyring: Keyring): Promise<string | undefined> {
  const query = db.prepare('SELECT id, sealed_secret AS sealed FROM tokens ORDER BY created_ms DESC LIMIT ?').bind(PROOFS)
  const { results: tokens } = await query.all<{ id: string; sealed: string }>()
  for (const { id, sealed } of tokens) if (await opens(keyring, purposeOf(id), sealed)) return undefined
  return tokens.map(({ sealed }) => sealedUnder(sealed)).find((keyId) => !keyring.knows(keyId))
}

async function opens(keyring: Keyring, purpose: string, sealed: string): Promise<boolean> {
  try {
    await keyring.open(purpose, sealed)
    return true
  } catch (error) {
    if (error instanceof StoreError) return false
    throw error
  }
}

async function writeCanary(db: D1Database, accountId: string, keyring: Keyring): Promise<void> {
  const sealed = await keyring.seal(CANARY, 'canary')
  const upsert = `INSERT INTO deployment (id, account_id, canary) VALUES (1, ?, ?)
    ON CONFLICT (id) DO UPDATE SET canary = excluded.canary WHERE account_id = excluded.account_id`
  await db.prepare(upsert).bind(accountId, sealed).run()
}

/** Seals the canary with the current master key, as part of a rotation. */
export async function resealCanary(db: D1Database, { keyring }: Pick<Secrets, 'keyring'>): Promise<void> {
  const row = await db.prepare('SELECT account_id AS accountId, canary FROM deployment').first<{ accountId: string; canary: string }>()
  if (row && !keyring.isPresent(row.canary) && (await opens(keyring, CANARY, row.canary))) await writeCanary(db, row.accountId, keyring)
}
