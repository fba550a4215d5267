import type { Allowance } from './core/allowances.ts'
import { isHostName } from './core/domain.ts'
import { LIMITS } from './core/limits.ts'
import type { Env } from './env.ts'
import type { QueueBindings } from './queues/queues.ts'
import { checkSegmentConfig, DEFAULT_SEGMENT_CONFIG, type SegmentConfig } from './segments/config.ts'
import { Keyring } from './segments/keyring.ts'
import type { SourceSettings } from './sources/open-source.ts'

/** The parsed settings of a deployment. */
export interface Config {
  /** Empty in a deployment without its secrets, which refuses every request. */
  readonly accountId: string
  readonly strict: boolean
  /** Whether something that R2 refuses is allowed here. */
  readonly allows: (allowance: Allowance) => boolean
  readonly s3Host?: string
  /** Further hosts of the API. No bucket can have a domain at one of them or below it. */
  readonly hosts: readonly string[]
  readonly ownerEmail: string
  /** How long the audit log keeps an entry. */
  readonly auditMs: number
  /** How long an isolate collects counts of operations before it writes them; 0 turns analytics off. */
  readonly analyticsMs: number
  readonly segments: SegmentConfig
  /** Size of a Bucket's database beyond which small blobs go to D1. */
  readonly inlineBudgetBytes: number
  /** How many KV operations the platform allows per request; 0 means any number. */
  readonly kvOperations: number
  /** The largest size of a D1 database on the account's plan. */
  readonly databaseBytes: number
  /** Ids of master keys that are lost for good. Data under them is unreadable, but its existence does not block writes. */
  readonly lostKeyIds: readonly string[]
  /** How long the bytes of a deleted object are kept for reads that are still running. */
  readonly graceMs: number
  /** The address that all requests come from, behind a proxy that lets clients claim any address. No address means that it is unknown. */
  readonly connectionAddress?: string
  /** How stores of other providers are reached, to copy objects from them. */
  readonly sources: SourceSettings
}

/** The secrets that every deployment needs. */
export interface Secrets {
  readonly accountId: string
  readonly rootTokenId: string
  readonly rootToken: string
  readonly keyring: Keyring
}

const GIB = 1024 ** 3
const DAY_MS = 86_400_000

/** Reads the settings. Only this function and {@link readSecrets} read raw variables. */
export function readConfig(env: Env): Config {
  const strict = flag('R2_STRICT', env.R2_STRICT)
  return {
    accountId: env.ACCOUNT_ID ?? '',
    strict,
    allows: () => !strict,
    s3Host: env.S3_HOST?.toLowerCase() || undefined,
    hosts: hostNames('HOSTS', env.HOSTS),
    ownerEmail: env.OWNER_EMAIL || 'owner@cairn.invalid',
    // R2's audit log goes back eighteen months.
    auditMs: DAY_MS * wholeNumber('AUDIT_RETENTION_DAYS', env.AUDIT_RETENTION_DAYS, 550),
    analyticsMs: 1000 * wholeNumber('ANALYTICS_SECONDS', env.ANALYTICS_SECONDS, 10, 20),
    segments: checkSegmentConfig({
      inlineMaxBytes: wholeNumber('INLINE_MAX_BYTES', env.INLINE_MAX_BYTES, DEFAULT_SEGMENT_CONFIG.inlineMaxBytes),
      d1MaxBytes: wholeNumber('D1_MAX_BYTES', env.D1_MAX_BYTES, DEFAULT_SEGMENT_CONFIG.d1MaxBytes),
      segmentBytes: wholeNumber('SEGMENT_BYTES', env.SEGMENT_BYTES, DEFAULT_SEGMENT_CONFIG.segmentBytes),
    }),
    inlineBudgetBytes: wholeNumber('INLINE_BUDGET_BYTES', env.INLINE_BUDGET_BYTES, 5 * GIB),
    kvOperations: wholeNumber('KV_OPERATIONS', env.KV_OPERATIONS, LIMITS.kvOperations),
    databaseBytes: wholeNumber('D1_DATABASE_BYTES', env.D1_DATABASE_BYTES, LIMITS.d1DatabaseBytes),
    lostKeyIds: keyIds(env.LOST_MASTER_KEYS),
    connectionAddress: env.CONNECTION_ADDRESS || undefined,
    graceMs: 1000 * wholeNumber('GARBAGE_GRACE_SECONDS', env.GARBAGE_GRACE_SECONDS, 3600),
    sources: readSourceSettings(env),
  }
}

const readSourceSettings = (env: Env): SourceSettings => ({
  local: flag('SOURCES_LOCAL', env.SOURCES_LOCAL),
  accountId: env.ACCOUNT_ID ?? '',
  awsEndpoint: env.SOURCES_AWS_ENDPOINT || undefined,
  r2Endpoint: env.SOURCES_R2_ENDPOINT || undefined,
  gcsEndpoint: env.SOURCES_GCS_ENDPOINT || undefined,
  gcsTokenUrl: env.SOURCES_GCS_TOKEN_URL || undefined,
})

/**
 * Reads the secrets.
 * @throws Error with one clear sentence when one is missing or malformed: there are no default passwords.
 */
export function readSecrets(env: Env): Secrets {
  return {
    accountId: required('ACCOUNT_ID', env.ACCOUNT_ID, /^[0-9a-f]{32}$/, '32 lowercase hex digits'),
    rootTokenId: required('ROOT_TOKEN_ID', env.ROOT_TOKEN_ID, /^[0-9a-f]{32}$/, '32 lowercase hex digits'),
    rootToken: required('ROOT_TOKEN', env.ROOT_TOKEN, /^.{32,}$/, 'at least 32 characters'),
    keyring: readKeyring(env),
  }
}

/**
 * Reads the master keys, the only secrets that a Bucket needs.
 * @throws Error like {@link readSecrets}
 */
export const readKeyring = (env: Env): Keyring =>
  new Keyring(required('MASTER_KEY', env.MASTER_KEY, KEY_FORM, KEY_WORDS), oldMasterKeys(env))

/**
 * Returns the master keys, or undefined in a deployment without its secrets. Such a deployment answers 503 before it calls a Bucket, and
 * alarms that were set earlier need no key.
 */
export function findKeyring(env: Env): Keyring | undefined {
  try {
    return readKeyring(env)
  } catch {
    return undefined
  }
}

/** Finds out how to reach the queues: the producer binding `QUEUE_MY_EVENTS` is the queue `my-events`. */
export function queueBindings(env: Env): QueueBindings {
  // Read only variables with this prefix, so that no secret is touched.
  const names = Object.keys(env).filter((name) => name.startsWith(QUEUE))
  const producers = names.map((name) => [name, Reflect.get(env, name) as Queue] as const).filter(([, binding]) => isProducer(binding))
  const bound = new Map(producers.map(([name, queue]) => [name.slice(QUEUE.length).toLowerCase().replaceAll('_', '-'), queue]))
  const token = env.QUEUES_API_TOKEN
  if (!token) return { bound }
  const accountId = env.QUEUES_ACCOUNT_ID || env.ACCOUNT_ID
  const baseUrl = (env.QUEUES_API_BASE_URL || 'https://api.cloudflare.com/client/v4').replace(/\/{1,8}$/, '')
  return {
    bound,
    api: { token, baseUrl, accountId: required('QUEUES_ACCOUNT_ID', accountId, /^[0-9a-f]{32}$/, '32 lowercase hex digits') },
  }
}

const QUEUE = 'QUEUE_'

const isProducer = (binding: unknown): boolean => typeof (binding as Queue | undefined)?.sendBatch === 'function'

const KEY_FORM = /^[A-Za-z0-9+/]{43}=$/
const KEY_WORDS = 'base64 of 32 bytes'

function oldMasterKeys({ OLD_MASTER_KEYS = '' }: Env): string[] {
  const keys = OLD_MASTER_KEYS.split(',').map((key) => key.trim())
  return keys.filter((key) => key !== '').map((key) => required('OLD_MASTER_KEYS', key, KEY_FORM, `${KEY_WORDS}, separated by commas`))
}

function keyIds(text = ''): string[] {
  const ids = text.split(',').map((id) => id.trim())
  return ids
    .filter((id) => id !== '')
    .map((id) => required('LOST_MASTER_KEYS', id, /^[0-9a-f]{8}$/, 'ids of eight hex digits, separated by commas'))
}

/** A plain `wrangler dev` in a fresh clone prints this, too. */
const WHERE = 'Locally, `npm start` and `npm run dev` make the secrets and the tables; for a deployment see "Deploy" in the README.'

function required(name: string, value: string | undefined, form: RegExp, words: string): string {
  if (!value) throw new Error(`The secret ${name} is not set. ${WHERE}`)
  if (!form.test(value)) throw new Error(`The secret ${name} must be ${words}.`)
  return value
}

/** Parses a flag. A misspelt `true` must not count as `false`. */
function flag(name: string, value: string | undefined): boolean {
  if (value && value !== 'true' && value !== 'false') throw new Error(`The variable ${name} must be true or false.`)
  return value === 'true'
}

function wholeNumber(name: string, value: string | undefined, fallback: number, most = Number.POSITIVE_INFINITY): number {
  if (!value) return fallback
  if (!/^\d{1,15}$/.test(value)) throw new Error(`The variable ${name} must be a whole number.`)
  if (Number(value) > most) throw new Error(`The variable ${name} must be ${most} at most.`)
  return Number(value)
}

/** Parses host names, separated by commas. */
function hostNames(name: string, value = ''): string[] {
  const hosts = value
    .toLowerCase()
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '')
  if (!hosts.every(isHostName)) throw new Error(`The variable ${name} must be host names, separated by commas.`)
  return hosts
}
