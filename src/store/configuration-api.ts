import type { Actor } from '../core/audit.ts'
import type { BucketInfo, Usage } from '../core/bucket.ts'
import type { NewNotificationRule, QueueRef, ReplacedRule } from '../core/notifications.ts'
import type { StorageClass } from '../core/object.ts'
import type { Outcome } from '../core/outcome.ts'
import type { BucketSettings } from '../core/settings.ts'
import type { TagSet } from '../core/tags.ts'

/**
 * The calls of a Bucket about its existence and its configuration. Calls that change it have a parameter `by`, the user who asked for the
 * change, for the audit log.
 */
export interface ConfigurationApi {
  create(info: Omit<BucketInfo, 'createdMs'>, by?: Actor, tags?: TagSet): Promise<Outcome<BucketInfo>>
  info(): Promise<Outcome<BucketInfo>>
  putStorageClass(storageClass: StorageClass, by?: Actor): Promise<Outcome<BucketInfo>>
  /** Counts a change of the bucket's configuration that is stored in the account's database, such as a change of its domains. */
  admitChange(): Promise<Outcome<BucketInfo>>
  /** Counts a new job of the bucket. Returns the time of the clock that dates the bucket's objects, in milliseconds since the epoch. */
  admitJob(): Promise<Outcome<number>>
  remove(by?: Actor): Promise<Outcome<void>>
  usage(): Promise<Outcome<Record<StorageClass, Usage>>>
  getSetting<K extends keyof BucketSettings>(name: K): Promise<Outcome<BucketSettings[K] | null>>
  putSetting<K extends keyof BucketSettings>(name: K, value: BucketSettings[K] | null, by?: Actor): Promise<Outcome<void>>
  addNotificationRules(queue: QueueRef, rules: readonly NewNotificationRule[], by?: Actor): Promise<Outcome<void>>
  /** Replaces the rules of all queues. */
  replaceNotificationRules(rules: readonly ReplacedRule[], by?: Actor): Promise<Outcome<void>>
  /** Removes the named rules of the queue, or all its rules if none are named. */
  removeNotificationRules(queueId: string, ruleIds?: readonly string[], by?: Actor): Promise<Outcome<void>>
}
