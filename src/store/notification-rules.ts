import type { Actor } from '../core/audit.ts'
import { StoreError } from '../core/errors.ts'
import type { NewNotificationRule, ReplacedRule } from '../core/notifications.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/**
 * Adds rules for one queue to the rules of a bucket.
 * @throws StoreError QueueNotFound, NoSuchBucket, InvalidNotificationRule, OverlappingNotificationRule
 */
export async function addNotificationRules(
  ports: Ports,
  bucket: BucketRef,
  { queueId, rules }: { queueId: string; rules: readonly NewNotificationRule[] },
  by?: Actor,
): Promise<void> {
  const queue = await ports.queues.find(queueId)
  if (queue === null) throw new StoreError('QueueNotFound')
  unwrap(await ports.bucket(bucket).addNotificationRules({ queueId, queueName: queue.name }, rules, by))
}

/** A rule of a whole configuration; its queue is known by name. */
export type NamedRule = Omit<ReplacedRule, 'queue'> & { readonly queueName: string }

/**
 * Replaces all event notification rules of a bucket.
 * @throws StoreError QueueNotFound, NoSuchBucket, InvalidNotificationRule, OverlappingNotificationRule
 */
export async function replaceNotificationRules(ports: Ports, bucket: BucketRef, rules: readonly NamedRule[], by?: Actor): Promise<void> {
  const names = [...new Set(rules.map(({ queueName }) => queueName))]
  const found = names.length === 0 ? [] : await ports.queues.list(names)
  const replaced = rules.map(({ queueName, ...rule }): ReplacedRule => {
    const queue = found.find(({ name }) => name === queueName)
    if (!queue) throw new StoreError('QueueNotFound')
    return { ...rule, queue: { queueId: queue.id, queueName } }
  })
  unwrap(await ports.bucket(bucket).replaceNotificationRules(replaced, by))
}

/**
 * Removes the named rules of one queue, or all its rules if none are named. The queue itself may be deleted already.
 * @throws StoreError NoSuchBucket, NoSuchNotificationConfiguration, NoSuchNotificationRule
 */
export async function removeNotificationRules(
  ports: Ports,
  bucket: BucketRef,
  { queueId, ruleIds }: { queueId: string; ruleIds?: readonly string[] },
  by?: Actor,
): Promise<void> {
  unwrap(await ports.bucket(bucket).removeNotificationRules(queueId, ruleIds, by))
}
