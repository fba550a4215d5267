import type { CorsRule } from './cors.ts'
import type { LifecycleRule } from './lifecycle.ts'
import type { LockRule } from './locks.ts'
import type { QueueNotifications } from './notifications.ts'

/** The settings of a bucket that faces read and write whole. */
export interface BucketSettings {
  readonly cors: readonly CorsRule[]
  /** Never set: the default rule. */
  readonly lifecycle: readonly LifecycleRule[]
  readonly locks: readonly LockRule[]
  readonly notifications: readonly QueueNotifications[]
}
