import type { Actor } from '../core/audit.ts'
import { StoreError } from '../core/errors.ts'
import type { NewNotificationRule } from '../core/notifications.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/**
 * Adds rules for one queue to those that a bucket has.
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

/**
 * Removes rules of one queue, all of them unless some are named. The queue need not be there any more.
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
