import { Buffer } from 'node:buffer'
import { StoreError } from './errors.ts'
import { parseIsoDate } from './iso-date.ts'
import { normalizeKey } from './key.ts'
import { LIMITS } from './limits.ts'

/** One rule of a bucket's lock configuration. https://developers.cloudflare.com/r2/buckets/bucket-locks/ */
export interface LockRule {
  readonly id: string
  readonly enabled: boolean
  /** Absent or empty: every object. */
  readonly prefix?: string
  readonly condition: LockCondition
}

/** How long a rule locks its objects: for some time after their upload, until a date in ISO 8601, or forever. */
export type LockCondition =
  | { readonly type: 'Age'; readonly maxAgeSeconds: number }
  | { readonly type: 'Date'; readonly date: string }
  | { readonly type: 'Indefinite' }

const ID_LENGTH = 255

/**
 * Refuses a configuration that is invalid or too long.
 * @throws StoreError `MalformedJSON`, whose message names the rule and its fault
 */
export function checkLockRules(rules: readonly LockRule[]): void {
  checkStoredLockRules(rules)
  const bytes = Buffer.byteLength(JSON.stringify(rules))
  if (bytes > LIMITS.rulesBytes) throw malformed(`The lock rules are too long. ${LIMITS.rulesBytes} bytes are allowed, these are ${bytes}.`)
}

/**
 * Refuses an invalid configuration. Its length does not matter: earlier versions accepted longer ones.
 * @throws StoreError `MalformedJSON`, whose message names the rule and its fault
 */
export function checkStoredLockRules(rules: readonly LockRule[]): void {
  if (rules.length > LIMITS.lockRules) throw malformed(`A bucket has ${LIMITS.lockRules} lock rules at most.`)
  const ids = new Set<string>()
  for (const rule of rules) {
    const wrong = ids.has(rule.id) ? 'another rule has the same id' : wrongWith(rule)
    if (wrong) throw malformed(`Lock rule ${JSON.stringify(rule.id.slice(0, ID_LENGTH))}: ${wrong}.`)
    ids.add(rule.id)
  }
}

function wrongWith({ id, prefix = '', condition }: LockRule): string | undefined {
  if (id === '' || id.length > ID_LENGTH || !id.isWellFormed()) return `an id has 1 to ${ID_LENGTH} characters`
  if (Buffer.byteLength(prefix) > LIMITS.keyBytes || !prefix.isWellFormed()) return `a prefix has ${LIMITS.keyBytes} bytes at most`
  if (condition.type === 'Age' && !isAge(condition.maxAgeSeconds)) return 'maxAgeSeconds is a positive number of seconds'
  if (condition.type === 'Date' && parseIsoDate(condition.date) === undefined)
    return 'date is a day or a time in ISO 8601, such as 2027-01-31T00:00:00Z'
  return undefined
}

/** Fractions are valid: wrangler sends 1.1 days as 95040.00000000001 seconds. */
const isAge = (seconds: number): boolean => seconds > 0 && seconds <= LIMITS.lockAgeSeconds

const malformed = (message: string): StoreError => new StoreError('MalformedJSON', { message })

/** An enabled rule, prepared for the check that every write makes. */
export interface Lock {
  readonly prefix: string
  /** When the lock on an object ends, in milliseconds since the epoch. */
  readonly endMs: (uploadedMs: number) => number
}

/** The enabled rules, with normalised prefixes. Call it once per change of rules, not with every write. */
export const activeLocks = (rules: readonly LockRule[]): readonly Lock[] =>
  rules.filter(({ enabled }) => enabled).map(({ prefix = '', condition }) => ({ prefix: normalizeKey(prefix), endMs: endOf(condition) }))

function endOf(condition: LockCondition): Lock['endMs'] {
  if (condition.type === 'Age') return (uploadedMs) => uploadedMs + condition.maxAgeSeconds * 1000
  const endMs = condition.type === 'Date' ? Date.parse(condition.date) : Number.POSITIVE_INFINITY
  return () => endMs
}

/**
 * Until when an object must not be overwritten or deleted, by the strictest of the rules that cover it: milliseconds since the epoch,
 * `Infinity`, or `null` if no lock holds now. `key` is the object's normalised key.
 */
export function lockedUntil(
  locks: readonly Lock[],
  { key, uploadedMs }: { readonly key: string; readonly uploadedMs: number },
  nowMs: number,
): number | null {
  let strictestMs = nowMs
  for (const { prefix, endMs } of locks) {
    if (key.startsWith(prefix)) strictestMs = Math.max(strictestMs, endMs(uploadedMs))
  }
  return strictestMs > nowMs ? strictestMs : null
}
