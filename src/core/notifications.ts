import { Buffer } from 'node:buffer'
import { StoreError } from './errors.ts'
import { normalizeKey } from './key.ts'
import { LIMITS } from './limits.ts'

/** The actions that a rule can name. `object-create` means the first three, `object-delete` the last two. */
export const EVENT_ACTIONS = ['PutObject', 'CopyObject', 'CompleteMultipartUpload', 'DeleteObject', 'LifecycleDeletion'] as const
export type EventAction = (typeof EVENT_ACTIONS)[number]

/** Selects the changes and the keys that are reported. An absent prefix or suffix matches every key. */
export interface NewNotificationRule {
  readonly prefix?: string
  readonly suffix?: string
  readonly actions: readonly EventAction[]
  readonly description?: string
}

/** A rule of a bucket. Prefix and suffix are normalised, as keys are before they are compared. */
export interface NotificationRule extends NewNotificationRule {
  readonly ruleId: string
  readonly createdMs: number
  readonly prefix: string
  readonly suffix: string
  /** The words of the S3 client that wrote the rule. S3 has several words for one thing, and clients compare a rule with the one they wrote. */
  readonly written?: WrittenNotification
}

/** The ARN of the queue and the names of the events, as an S3 client writes them. */
export interface WrittenNotification {
  readonly queueArn: string
  readonly events: readonly string[]
}

/** A rule of a whole configuration that replaces another. */
export interface ReplacedRule extends NewNotificationRule {
  readonly queue: QueueRef
  /** Absent: a new id. */
  readonly ruleId?: string
  readonly written?: WrittenNotification
}

/** A queue that receives messages. */
export interface QueueRef {
  readonly queueId: string
  readonly queueName: string
}

/** The rules of a bucket that send to one queue; there is at least one. */
export interface QueueNotifications extends QueueRef {
  readonly rules: readonly NotificationRule[]
}

/** A change of an object. Size and ETag are those of the new object; they are absent if the object was deleted. */
export interface ObjectEvent {
  readonly action: EventAction
  readonly key: string
  readonly size?: number
  readonly etag?: string
  readonly copySource?: CopiedFrom
}

/** The source of a `CopyObject`. */
export interface CopiedFrom {
  readonly bucket: string
  readonly object: string
}

/** Rules to add for one queue. `nowMs` and `newId` give each new rule its creation time and its id. */
export interface Addition {
  readonly queue: QueueRef
  readonly rules: readonly NewNotificationRule[]
  readonly nowMs: number
  readonly newId: () => string
}

/**
 * Returns the rules of a bucket with some added behind the present ones.
 * @throws StoreError InvalidNotificationRule, OverlappingNotificationRule
 */
export function addRules(present: readonly QueueNotifications[], { queue, rules, nowMs, newId }: Addition): QueueNotifications[] {
  const added = rules.map((rule) => madeRule(rule, { ruleId: newId(), createdMs: nowMs }))
  if (added.length === 0) throw new StoreError('InvalidNotificationRule')
  const old = present.find(({ queueId }) => queueId === queue.queueId)
  const next = old
    ? present.map((entry) => (entry === old ? { ...queue, rules: [...old.rules, ...added] } : entry))
    : [...present, { ...queue, rules: added }]
  checkNotifications(next)
  return next
}

/**
 * Returns these rules, in their order and by queue. A rule that was there keeps what a configuration of S3 has no word for: its description,
 * and its time while it stays at its queue.
 * @throws StoreError InvalidNotificationRule, OverlappingNotificationRule
 */
export function replaceRules(
  present: readonly QueueNotifications[],
  wanted: readonly ReplacedRule[],
  { nowMs, newId }: Pick<Addition, 'nowMs' | 'newId'>,
): QueueNotifications[] {
  const next = [...Map.groupBy(wanted, ({ queue }) => queue.queueId).values()].map((rules): QueueNotifications => {
    const { queue } = rules[0]!
    const old = present.find(({ queueId }) => queueId === queue.queueId)?.rules ?? []
    return {
      ...queue,
      rules: rules.map(({ ruleId, written, queue: _, ...rule }) => {
        const before = old.find((one) => one.ruleId === ruleId)
        const made = madeRule(
          { ...rule, description: before?.description },
          { ruleId: ruleId ?? newId(), createdMs: before?.createdMs ?? nowMs },
        )
        return written ? { ...made, written } : made
      }),
    }
  })
  checkNotifications(next)
  return next
}

/**
 * Checks all event notification rules of a bucket together.
 * @throws StoreError InvalidNotificationRule for too many rules or too long ones, OverlappingNotificationRule
 */
export function checkNotifications(queues: readonly QueueNotifications[]): void {
  checkStoredNotifications(queues)
  if (Buffer.byteLength(JSON.stringify(queues.flatMap(({ rules }) => rules))) <= LIMITS.rulesBytes) return
  throw new StoreError('InvalidNotificationRule', { message: 'The event notification rules of the bucket are too long.' })
}

/**
 * Like {@link checkNotifications}, but ignores their length: earlier versions accepted longer rules.
 * @throws StoreError InvalidNotificationRule for too many, OverlappingNotificationRule
 */
export function checkStoredNotifications(queues: readonly QueueNotifications[]): void {
  const all = queues.flatMap(({ rules }) => rules)
  if (all.length > LIMITS.notificationRules) {
    const message = `A bucket has ${LIMITS.notificationRules} event notification rules at most.`
    throw new StoreError('InvalidNotificationRule', { message })
  }
  for (const [index, rule] of all.entries()) {
    if (all.slice(0, index).some((other) => overlaps(rule, other))) throw new StoreError('OverlappingNotificationRule')
  }
}

/**
 * Returns the rules of a bucket without the given rules of a queue, or without all rules of that queue.
 * @throws StoreError NoSuchNotificationConfiguration for a queue without rules, NoSuchNotificationRule
 */
export function removeRules(present: readonly QueueNotifications[], queueId: string, ruleIds?: readonly string[]): QueueNotifications[] {
  const { rules } = rulesOfQueue(present, queueId)
  if (ruleIds && !ruleIds.every((id) => rules.some(({ ruleId }) => ruleId === id))) throw new StoreError('NoSuchNotificationRule')
  const left = ruleIds ? rules.filter(({ ruleId }) => !ruleIds.includes(ruleId)) : []
  return present.flatMap((entry) => {
    if (entry.queueId !== queueId) return [entry]
    return left.length > 0 ? [{ ...entry, rules: left }] : []
  })
}

/**
 * The rules that send to one queue.
 * @throws StoreError NoSuchNotificationConfiguration
 */
export function rulesOfQueue(present: readonly QueueNotifications[], queueId: string): QueueNotifications {
  const entry = present.find((one) => one.queueId === queueId)
  if (!entry) throw new StoreError('NoSuchNotificationConfiguration')
  return entry
}

/** @throws StoreError InvalidNotificationRule */
function madeRule(rule: NewNotificationRule, own: { ruleId: string; createdMs: number }): NotificationRule {
  const { prefix = '', suffix = '', description } = rule
  const actions = EVENT_ACTIONS.filter((action) => rule.actions.includes(action))
  const fits = [prefix, suffix].every((text) => text.isWellFormed() && Buffer.byteLength(text) <= LIMITS.keyBytes)
  const described = description === undefined || description.length <= LIMITS.ruleDescription
  if (actions.length === 0 || !fits || !described) throw new StoreError('InvalidNotificationRule')
  return { ...own, prefix: normalizeKey(prefix), suffix: normalizeKey(suffix), actions, description }
}

/**
 * Whether both rules could report the same event: they share an action, and some key matches both. There is such a key exactly if one
 * prefix starts with the other and one suffix ends with the other: it is the longer prefix followed by the longer suffix.
 */
export function overlaps(a: NotificationRule, b: NotificationRule): boolean {
  return (
    a.actions.some((action) => b.actions.includes(action)) &&
    (a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix)) &&
    (a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix))
  )
}

/** Whether a rule covers this change of this key. Prefix and suffix may overlap in the key. */
export function matches({ actions, prefix, suffix }: NotificationRule, action: EventAction, key: string): boolean {
  const normal = normalizeKey(key)
  return actions.includes(action) && normal.startsWith(prefix) && normal.endsWith(suffix)
}

/**
 * The message that reports an event, as JSON.
 * https://developers.cloudflare.com/r2/buckets/event-notifications/#message-format
 */
export function eventMessage({ action, key, size, etag, copySource }: ObjectEvent, at: { account: string; bucket: string; ms: number }) {
  return JSON.stringify({
    account: at.account,
    action,
    bucket: at.bucket,
    object: { key, size, eTag: etag },
    eventTime: new Date(at.ms).toISOString(),
    copySource,
  })
}

/** Queues adds about this many bytes to each message when it measures a batch. */
const OVERHEAD_BYTES = 100

/** How many messages, from the first on, fit into one batch of Queues; at least one. */
export function batchLength(messages: readonly string[]): number {
  let bytes = 0
  const within = messages.slice(0, LIMITS.queueBatchMessages)
  const over = within.findIndex((message) => {
    bytes += Buffer.byteLength(message) + OVERHEAD_BYTES
    return bytes > LIMITS.queueBatchBytes
  })
  return over < 0 ? within.length : Math.max(over, 1)
}
