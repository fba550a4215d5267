import { Buffer } from 'node:buffer'
import { invalidArgument } from './errors.ts'
import { compareUtf8, normalizeKey } from './key.ts'
import { LIMITS } from './limits.ts'
import type { LifecycleDue, StorageClass } from './object.ts'

/** When an action happens: at an age, from the upload on, or on a date. */
export type LifecycleCondition = { readonly ageSeconds: number } | { readonly dateMs: number }

/** One rule of a bucket's lifecycle configuration. https://developers.cloudflare.com/r2/buckets/object-lifecycles/ */
export interface LifecycleRule {
  readonly id: string
  readonly enabled: boolean
  /** Empty: everything in the bucket. */
  readonly prefix: string
  /** When objects are deleted. */
  readonly expiration?: LifecycleCondition
  /** When objects become Infrequent Access, which is the only class to move to. */
  readonly transitions?: readonly LifecycleCondition[]
  /** At which age open multipart uploads are aborted. */
  readonly abortAfterSeconds?: number
  /** What else a REST client wrote into the rule: kept and shown, since wrangler edits what it reads. */
  readonly further?: Readonly<Record<string, unknown>>
  /** How an S3 client wrote the rule: the names of its elements in their order. Absent where that is the usual order. */
  readonly elements?: string
}

/** What every bucket starts with, until its rules are set. */
export const DEFAULT_LIFECYCLE: readonly LifecycleRule[] = [
  { id: 'Default Multipart Abort Rule', enabled: true, prefix: '', abortAfterSeconds: LIMITS.uploadLifeMs / 1000 },
]

const DAY_SECONDS = 86_400
const DAY_MS = DAY_SECONDS * 1000
const ID_LENGTH = 255
/** The last moment that a date can name. */
const LAST_MS = 8.64e15

/**
 * Refuses a configuration that is not taken: one that makes no sense, or is too much. No rules at all are good.
 * @throws StoreError `InvalidArgument`, which says what is wrong with which rule
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
 * Refuses a configuration that makes no sense. How much it is does not matter: earlier versions took more than is taken now.
 * @throws StoreError `InvalidArgument`, which says what is wrong with which rule
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

function wrongWith({ id, prefix, expiration, transitions = [], abortAfterSeconds = 0 }: LifecycleRule): string | undefined {
  if (id === '' || id.length > ID_LENGTH || !id.isWellFormed()) return `an ID has 1 to ${ID_LENGTH} characters`
  if (Buffer.byteLength(prefix) > LIMITS.keyBytes || !prefix.isWellFormed()) return `a prefix has ${LIMITS.keyBytes} bytes at most`
  const ages = [...transitions, ...(expiration ? [expiration] : []), { ageSeconds: abortAfterSeconds }]
  const tooOld = ages.some((condition) => 'ageSeconds' in condition && !(condition.ageSeconds <= LIMITS.lifecycleAgeSeconds))
  return tooOld ? 'an age is too large' : undefined
}

/**
 * The rules that count, their prefixes spelled as keys are compared and of their transitions those alone that can be the first: to
 * be made once, not with every write.
 */
export const activeRules = (rules: readonly LifecycleRule[]): readonly LifecycleRule[] =>
  rules
    .filter(({ enabled }) => enabled)
    .map(({ id, enabled, prefix, expiration, transitions = [], abortAfterSeconds }) => ({
      id,
      enabled,
      prefix: normalizeKey(prefix),
      expiration,
      transitions: earliestConditions(transitions),
      abortAfterSeconds,
    }))

/** The earliest date, the earliest age in whole days, the earliest other age: of each kind, none comes before these. */
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

/** An object as rules see it; `key` is the normalised one. */
export interface LifecycleObject {
  readonly key: string
  readonly uploadedMs: number
  readonly storageClass: StorageClass
}

/** When an object is deleted, and by which rule: of several, the one that is due first. */
export function expirationOf(
  active: readonly LifecycleRule[],
  { key, uploadedMs }: Pick<LifecycleObject, 'key' | 'uploadedMs'>,
): LifecycleDue | undefined {
  return earliest(active, key, ({ expiration }) => expiration && dueMs(expiration, uploadedMs))
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
  /** Past, for what rules of a later date say about old objects. */
  readonly dueMs: number
}

/**
 * What rules do next with an object, if anything. Nothing becomes Standard again, and a transition is not worth making in the
 * 24 hours before the deletion.
 * @param lockedUntil when the lock on the object ends, `Infinity` if it never does: locks win. Asked where there is a deletion to wait.
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

const transitionOf = (active: readonly LifecycleRule[], { key, uploadedMs }: LifecycleObject): number | undefined =>
  earliest(active, key, ({ transitions = [] }) =>
    transitions.length === 0 ? undefined : Math.min(...transitions.map((condition) => dueMs(condition, uploadedMs))),
  )?.dueMs

const dueMs = (condition: LifecycleCondition, startMs: number): number =>
  'dateMs' in condition ? condition.dateMs : objectEndMs(condition.ageSeconds, startMs)

/**
 * When an object comes of age. Whole days are what S3 counts in: they end at the midnight (UTC) that follows, as it computes them.
 * Any other age, which the REST API alone can name, ends to the second.
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
    const dueMs = dueOf(rule)
    if (dueMs === undefined || !key.startsWith(rule.prefix)) continue
    if (!first || dueMs < first.dueMs) first = { dueMs, ruleId: rule.id }
  }
  return first
}

/** What rules say of objects, and of uploads: to compare them by. */
export const objectPart = ({ expiration, transitions }: LifecycleRule): unknown =>
  expiration || transitions?.length ? { expiration, transitions } : undefined
export const uploadPart = ({ abortAfterSeconds }: LifecycleRule): unknown => abortAfterSeconds

interface PrefixRule {
  readonly enabled: boolean
  readonly prefix?: string
}

/**
 * The prefixes, normalised, below which a change of rules may make a difference: none of them lies below another one.
 * @param partOf what counts of a rule; `undefined` when nothing does.
 */
export function changedPrefixes<R extends PrefixRule>(
  before: readonly R[],
  after: readonly R[],
  partOf: (rule: R) => unknown,
): readonly string[] {
  const [old, young] = [before, after].map((rules) => partsOf(rules, partOf)) as [Map<string, string>, Map<string, string>]
  return outermost([...old, ...young].filter(([part]) => !old.has(part) || !young.has(part)).map(([, prefix]) => prefix))
}

/** The prefixes of what lies below one of `some` and one of `others`. */
export const commonPrefixes = (some: readonly string[], others: readonly string[]): readonly string[] =>
  outermost(
    some.flatMap((prefix) => others.flatMap((other) => (other.startsWith(prefix) ? [other] : prefix.startsWith(other) ? [prefix] : []))),
  )

/** Prefixes without those that lie below another one. */
function outermost(prefixes: readonly string[]): string[] {
  const kept: string[] = []
  for (const prefix of prefixes.toSorted(compareUtf8)) {
    const last = kept.at(-1)
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix)
  }
  return kept
}

/** Prefixes by what their rules say. */
function partsOf<R extends PrefixRule>(rules: readonly R[], partOf: (rule: R) => unknown): Map<string, string> {
  const parts = new Map<string, string>()
  for (const rule of rules) {
    const part = rule.enabled ? partOf(rule) : undefined
    const prefix = normalizeKey(rule.prefix ?? '')
    if (part !== undefined) parts.set(JSON.stringify([prefix, part]), prefix)
  }
  return parts
}
