import { Buffer } from 'node:buffer'
import { invalidArgument } from './errors.ts'
import { compareUtf8, normalizeKey } from './key.ts'
import { type FilteredObject, type LifecycleFilter, passesFilter, wrongFilter } from './lifecycle-filter.ts'
import { LIMITS } from './limits.ts'
import type { LifecycleDue, StorageClass } from './object.ts'

/** When an action happens: at an age, counted from the upload, or on a date. */
export type LifecycleCondition = { readonly ageSeconds: number } | { readonly dateMs: number }

/** One rule of a bucket's lifecycle configuration. https://developers.cloudflare.com/r2/buckets/object-lifecycles/ */
export interface LifecycleRule {
  readonly id: string
  readonly enabled: boolean
  /** Empty for every key in the bucket. */
  readonly prefix: string
  /** Tags and sizes that select objects, if there are any. A rule with a filter aborts no uploads. */
  readonly filter?: LifecycleFilter
  /** When objects are deleted. */
  readonly expiration?: LifecycleCondition
  /** When objects move to Infrequent Access, the only class that a rule can move them to. */
  readonly transitions?: readonly LifecycleCondition[]
  /** The age at which open multipart uploads are aborted. */
  readonly abortAfterSeconds?: number
  /** Other fields that a REST client wrote into the rule. They are stored and returned, since wrangler reads a rule and writes it back. */
  readonly further?: Readonly<Record<string, unknown>>
  /** The names of the rule's XML elements in the order in which an S3 client wrote them. Absent if that is the usual order. */
  readonly elements?: string
}

/** The rules of every bucket until a client sets others. */
export const DEFAULT_LIFECYCLE: readonly LifecycleRule[] = [
  { id: 'Default Multipart Abort Rule', enabled: true, prefix: '', abortAfterSeconds: LIMITS.uploadLifeMs / 1000 },
]

const DAY_SECONDS = 86_400
const DAY_MS = DAY_SECONDS * 1000
const ID_LENGTH = 255
/** The last moment that a `Date` can represent. */
const LAST_MS = 8.64e15

/**
 * Refuses a configuration that is invalid or too large. An empty list of rules is valid.
 * @throws StoreError `InvalidArgument`, whose message names the rule and its fault
 */
export function checkLifecycleRules(rules: readonly LifecycleRule[]): void {
  checkStoredLifecycleRules(rules)
  const rule = rules.find(({ transitions = [] }) => transitions.length > LIMITS.lifecycleTransitions)
  if (rule) throw wrongRule(rule, `a rule has ${LIMITS.lifecycleTransitions} transitions at most`)
  const bytes = Buffer.byteLength(JSON.stringify(rules))
  if (bytes > LIMITS.rulesBytes)
    throw invalidArgument(`The lifecycle rules are too long. ${LIMITS.rulesBytes} bytes are allowed, these are ${bytes}.`)
}

/**
 * Refuses an invalid configuration. Its size does not matter: earlier versions accepted larger ones.
 * @throws StoreError `InvalidArgument`, whose message names the rule and its fault
 */
export function checkStoredLifecycleRules(rules: readonly LifecycleRule[]): void {
  if (rules.length > LIMITS.lifecycleRules) throw invalidArgument(`A bucket has ${LIMITS.lifecycleRules} lifecycle rules at most.`)
  const ids = new Set<string>()
  for (const rule of rules) {
    if (ids.has(rule.id)) throw invalidArgument(`Rule ID must be unique. Found same ID for more than one rule: ${rule.id}`)
    const wrong = wrongWith(rule)
    if (wrong) throw wrongRule(rule, wrong)
    ids.add(rule.id)
  }
}

const wrongRule = ({ id }: LifecycleRule, wrong: string) =>
  invalidArgument(`Lifecycle rule ${JSON.stringify(id.slice(0, ID_LENGTH))}: ${wrong}.`)

function wrongWith(rule: LifecycleRule): string | undefined {
  const { id, prefix, filter, expiration, transitions = [], abortAfterSeconds = 0 } = rule
  if (id === '' || id.length > ID_LENGTH || !id.isWellFormed()) return `an ID has 1 to ${ID_LENGTH} characters`
  if (Buffer.byteLength(prefix) > LIMITS.keyBytes || !prefix.isWellFormed()) return `a prefix has ${LIMITS.keyBytes} bytes at most`
  const ages = [...transitions, ...(expiration ? [expiration] : []), { ageSeconds: abortAfterSeconds }]
  if (filter && rule.abortAfterSeconds !== undefined) return 'a rule with a filter cannot abort uploads'
  const tooOld = ages.some((condition) => 'ageSeconds' in condition && !(condition.ageSeconds <= LIMITS.lifecycleAgeSeconds))
  return tooOld ? 'an age is too large' : filter && wrongFilter(filter)
}

/**
 * The enabled rules, with normalised prefixes and only those transitions that can come first. Call it once per change of rules, not with
 * every write.
 */
export const activeRules = (rules: readonly LifecycleRule[]): readonly LifecycleRule[] =>
  rules
    .filter(({ enabled }) => enabled)
    .map(({ id, enabled, prefix, filter, expiration, transitions = [], abortAfterSeconds }) => ({
      id,
      enabled,
      prefix: normalizeKey(prefix),
      ...(filter && { filter }),
      expiration,
      transitions: earliestConditions(transitions),
      abortAfterSeconds,
    }))

/** The earliest date, the earliest age in whole days and the earliest other age: one of these three always comes first. */
function earliestConditions(conditions: readonly LifecycleCondition[]): LifecycleCondition[] {
  const dates = conditions.flatMap((condition) => ('dateMs' in condition ? [condition.dateMs] : []))
  const ages = conditions.flatMap((condition) => ('dateMs' in condition ? [] : [condition.ageSeconds]))
  const groups = [dates, ages.filter(isWholeDays), ages.filter((age) => !isWholeDays(age))]
  const [dateMs, ...ageSeconds] = groups.map((group) => group.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY))
  return [
    ...(Number.isFinite(dateMs) ? [{ dateMs: dateMs as number }] : []),
    ...ageSeconds.filter(Number.isFinite).map((age) => ({ ageSeconds: age })),
  ]
}

/** The properties of an object that rules use; `key` is normalised. */
export interface LifecycleObject extends FilteredObject {
  readonly key: string
  readonly uploadedMs: number
  readonly storageClass: StorageClass
}

/** When an object is deleted, and by which rule. Of several rules, the one that is due first counts. */
export function expirationOf(active: readonly LifecycleRule[], object: Omit<LifecycleObject, 'storageClass'>): LifecycleDue | undefined {
  return earliest(active, object.key, ({ expiration, filter }) =>
    expiration && passesFilter(filter, object) ? dueMs(expiration, object.uploadedMs) : undefined,
  )
}

/** When an open upload is aborted, and by which rule. */
export function abortionOf(
  active: readonly LifecycleRule[],
  { key, createdMs }: { readonly key: string; readonly createdMs: number },
): LifecycleDue | undefined {
  return earliest(active, key, ({ abortAfterSeconds: ageSeconds }) => (ageSeconds === undefined ? undefined : endMs(ageSeconds, createdMs)))
}

/** The next thing that happens to an object. */
export interface LifecycleAction {
  readonly action: 'delete' | 'transition'
  /** It may lie in the past, if a rule was added after the object had reached its age. */
  readonly dueMs: number
}

/**
 * The next action of the rules on an object, if any. No object becomes Standard again, and no transition happens in the 24 hours before
 * the deletion.
 * @param lockedUntil returns when the lock on the object ends, `Infinity` if it never does. A lock postpones a deletion, so this is called
 * only if there is one.
 */
export function nextAction(
  active: readonly LifecycleRule[],
  object: LifecycleObject,
  lockedUntil: () => number | null = () => null,
): LifecycleAction | undefined {
  const expirationMs = expirationOf(active, object)?.dueMs
  const deletionMs =
    expirationMs === undefined ? Number.POSITIVE_INFINITY : Math.max(expirationMs, Math.ceil(lockedUntil() ?? expirationMs))
  const transitionMs = object.storageClass === 'Standard' ? transitionOf(active, object) : undefined
  if (transitionMs !== undefined && transitionMs < deletionMs - DAY_MS) return { action: 'transition', dueMs: transitionMs }
  return deletionMs === Number.POSITIVE_INFINITY ? undefined : { action: 'delete', dueMs: deletionMs }
}

const transitionOf = (active: readonly LifecycleRule[], object: LifecycleObject): number | undefined =>
  earliest(active, object.key, ({ transitions = [], filter }) =>
    transitions.length > 0 && passesFilter(filter, object)
      ? Math.min(...transitions.map((condition) => dueMs(condition, object.uploadedMs)))
      : undefined,
  )?.dueMs

const dueMs = (condition: LifecycleCondition, startMs: number): number =>
  'dateMs' in condition ? condition.dateMs : objectEndMs(condition.ageSeconds, startMs)

/**
 * When an object reaches an age. S3 counts in whole days: as there, an age of whole days ends at the midnight (UTC) that follows. Any other
 * age, which only the REST API can set, ends to the second.
 */
const objectEndMs = (ageSeconds: number, startMs: number): number =>
  isWholeDays(ageSeconds) ? Math.min(nextMidnight(endMs(ageSeconds, startMs)), LAST_MS) : endMs(ageSeconds, startMs)

const endMs = (ageSeconds: number, startMs: number): number => Math.min(Math.ceil(startMs + ageSeconds * 1000), LAST_MS)

const isWholeDays = (ageSeconds: number): boolean => ageSeconds % DAY_SECONDS === 0

/** The first midnight (UTC) that is not before `ms`. */
export const nextMidnight = (ms: number): number => Math.ceil(ms / DAY_MS) * DAY_MS

function earliest(
  active: readonly LifecycleRule[],
  key: string,
  dueOf: (rule: LifecycleRule) => number | undefined,
): LifecycleDue | undefined {
  let first: LifecycleDue | undefined
  for (const rule of active) {
    if (!key.startsWith(rule.prefix)) continue
    const dueMs = dueOf(rule)
    if (dueMs === undefined) continue
    if (!first || dueMs < first.dueMs) first = { dueMs, ruleId: rule.id }
  }
  return first
}

/** The parts of a rule that affect objects, and uploads. Two versions of the rules are compared by these. */
export const objectPart = ({ expiration, transitions, filter }: LifecycleRule): unknown =>
  expiration || transitions?.length ? { expiration, transitions, filter } : undefined
export const uploadPart = ({ abortAfterSeconds }: LifecycleRule): unknown => abortAfterSeconds

interface PrefixRule {
  readonly enabled: boolean
  readonly prefix?: string
}

/**
 * The normalised prefixes below which a change of rules may make a difference. No prefix of the result lies below another one.
 * @param partOf returns the part of a rule to compare; `undefined` if the rule has no such part.
 */
export function changedPrefixes<R extends PrefixRule>(
  before: readonly R[],
  after: readonly R[],
  partOf: (rule: R) => unknown,
): readonly string[] {
  const [old, young] = [before, after].map((rules) => partsOf(rules, partOf)) as [Map<string, string>, Map<string, string>]
  return outermost([...old, ...young].filter(([part]) => !old.has(part) || !young.has(part)).map(([, prefix]) => prefix))
}

/** The prefixes of the keys that lie below one of `some` and also below one of `others`. */
export const commonPrefixes = (some: readonly string[], others: readonly string[]): readonly string[] =>
  outermost(
    some.flatMap((prefix) => others.flatMap((other) => (other.startsWith(prefix) ? [other] : prefix.startsWith(other) ? [prefix] : []))),
  )

/** Leaves out the prefixes that lie below another one. */
function outermost(prefixes: readonly string[]): string[] {
  const kept: string[] = []
  for (const prefix of prefixes.toSorted(compareUtf8)) {
    const last = kept.at(-1)
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix)
  }
  return kept
}

/** The prefixes of enabled rules, each by the JSON of the prefix and the rule's part. */
function partsOf<R extends PrefixRule>(rules: readonly R[], partOf: (rule: R) => unknown): Map<string, string> {
  const parts = new Map<string, string>()
  for (const rule of rules) {
    const part = rule.enabled ? partOf(rule) : undefined
    const prefix = normalizeKey(rule.prefix ?? '')
    if (part !== undefined) parts.set(JSON.stringify([prefix, part]), prefix)
  }
  return parts
}
