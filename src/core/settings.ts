import { type CorsRule, checkCorsRules, checkStoredCorsRules } from './cors.ts'
import type { ErrorCode } from './errors.ts'
import { checkLifecycleRules, checkStoredLifecycleRules, DEFAULT_LIFECYCLE, type LifecycleRule } from './lifecycle.ts'
import { checkLocalUploads, type LocalUploads } from './local-uploads.ts'
import { checkLockRules, checkStoredLockRules, type LockRule } from './locks.ts'
import { checkNotifications, checkStoredNotifications, type QueueNotifications } from './notifications.ts'
import { checkBucketTags, type TagSet } from './tags.ts'

/** The settings of a bucket, in the form in which each is stored and passed between modules. */
export interface BucketSettings {
  readonly cors: readonly CorsRule[]
  readonly lifecycle: readonly LifecycleRule[]
  readonly locks: readonly LockRule[]
  readonly notifications: readonly QueueNotifications[]
  readonly localUploads: LocalUploads
  readonly tags: TagSet
}

export type SettingName = keyof BucketSettings

/** Everything that Cairn knows about one setting, except how each face encodes it. */
export interface Setting<Name extends SettingName = SettingName> {
  readonly name: Name
  /** @throws StoreError for a value that must not be stored. */
  readonly check: (value: BucketSettings[Name]) => void
  /** Checks a stored value: earlier versions accepted more than {@link check}. @throws StoreError for a value that no version accepted. */
  readonly checkStored: (value: BucketSettings[Name]) => void
  /** The value for a bucket where the setting was never stored. */
  readonly initial?: BucketSettings[Name]
  /** The error for a bucket where it was never stored, if there is no initial value. */
  readonly missing?: ErrorCode
  /** Storing an empty value removes the setting, so that the initial value applies again. */
  readonly emptyRemoves?: boolean
  /** The value that a deletion stores. Without any stored value the initial value would apply again. */
  readonly deleted?: BucketSettings[Name]
  /** The names that the audit log gives to its changes. */
  readonly actions: { readonly put: string; readonly delete: string }
  /** Whether an export of the bucket includes it. */
  readonly exported: boolean
  /** The error message for deleting a bucket that has the setting; absent if such a bucket can be deleted. */
  readonly keepsBucket?: string
}

const ROWS = {
  cors: {
    name: 'cors',
    check: checkCorsRules,
    checkStored: checkStoredCorsRules,
    missing: 'NoSuchCORSConfiguration',
    actions: { put: 'PutBucketCors', delete: 'DeleteBucketCors' },
    exported: true,
  },
  lifecycle: {
    name: 'lifecycle',
    check: checkLifecycleRules,
    checkStored: checkStoredLifecycleRules,
    initial: DEFAULT_LIFECYCLE,
    deleted: [],
    actions: { put: 'PutBucketLifecycleConfiguration', delete: 'DeleteBucketLifecycleConfiguration' },
    exported: true,
  },
  locks: {
    name: 'locks',
    check: checkLockRules,
    checkStored: checkStoredLockRules,
    initial: [],
    emptyRemoves: true,
    actions: { put: 'PutBucketLockConfiguration', delete: 'DeleteBucketLockConfiguration' },
    exported: true,
  },
  notifications: {
    name: 'notifications',
    check: checkNotifications,
    checkStored: checkStoredNotifications,
    initial: [],
    emptyRemoves: true,
    actions: { put: 'PutBucketNotificationConfiguration', delete: 'DeleteBucketNotificationConfiguration' },
    exported: true,
    keepsBucket: 'The bucket you tried to delete has event notification rules.',
  },
  localUploads: {
    name: 'localUploads',
    check: checkLocalUploads,
    checkStored: checkLocalUploads,
    initial: { enabled: false },
    actions: { put: 'PutBucketLocalUploads', delete: 'DeleteBucketLocalUploads' },
    exported: true,
  },
  tags: {
    name: 'tags',
    check: checkBucketTags,
    checkStored: checkBucketTags,
    missing: 'NoSuchTagSet',
    emptyRemoves: true,
    actions: { put: 'PutBucketTagging', delete: 'DeleteBucketTagging' },
    exported: true,
  },
} as const satisfies { readonly [Name in SettingName]: Setting<Name> }

/** The names that the audit log gives to changes of settings. */
export type SettingAction = (typeof ROWS)[SettingName]['actions']['put' | 'delete']

/** Every setting of a bucket, by its name. docs/design/overview.md lists the other files that a new setting changes. */
export const SETTINGS: {
  readonly [Name in SettingName]: Setting<Name> & { readonly actions: Readonly<Record<'put' | 'delete', SettingAction>> }
} = ROWS

/** The kind of each of these changes. */
export const SETTING_ACTIONS = Object.fromEntries(
  Object.values(ROWS).flatMap(({ actions }) => [
    [actions.put, 'update'],
    [actions.delete, 'delete'],
  ]),
) as Readonly<Record<SettingAction, 'update' | 'delete'>>

/** The settings that an export includes. */
export const EXPORTED_SETTINGS: readonly SettingName[] = Object.values(SETTINGS).flatMap(({ name, exported }) => (exported ? [name] : []))

/** The setting with that name, if there is one. */
export const findSetting = (name: string): Setting | undefined =>
  Object.hasOwn(SETTINGS, name) ? (SETTINGS[name as SettingName] as Setting) : undefined
