import type { BucketSettings, SettingName } from '../../../src/core/settings.ts'
import type { Context } from '../context.ts'
import { followLifecycle, followLocks } from './lifecycle-walk.ts'

type Value<Name extends SettingName> = BucketSettings[Name] | null

/** Work that the change of a setting requires, done in the transaction of that change. A value is `null` when the setting is not set. */
export type Follow<Name extends SettingName> = (context: Context, before: Value<Name>, after: Value<Name>) => void

const FOLLOWERS: { readonly [Name in SettingName]?: Follow<Name> } = { lifecycle: followLifecycle, locks: followLocks }

/** Does the work that the change of a setting requires. Work that grows with the bucket is left to the alarm, in bounded steps. */
export function followSetting<Name extends SettingName>(context: Context, name: Name, change: { before: Value<Name>; after: Value<Name> }) {
  const follow = FOLLOWERS[name] as Follow<Name> | undefined
  follow?.(context, change.before, change.after)
}
