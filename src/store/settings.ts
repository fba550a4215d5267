import type { Actor } from '../core/audit.ts'
import { StoreError } from '../core/errors.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import { type BucketSettings, SETTINGS, type SettingName } from '../core/settings.ts'
import { forgetCorsRules } from './cors-rules.ts'
import type { Ports } from './ports.ts'

/** For each setting that an isolate caches: the function that removes a bucket's entry from the cache. */
const FORGET: { readonly [Name in SettingName]?: (bucket: BucketRef) => void } = { cors: forgetCorsRules }

/** The three operations on a bucket's settings, as faces see them. */
export interface SettingOperations {
  getSetting<Name extends SettingName>(bucket: BucketRef, name: Name): Promise<BucketSettings[Name]>
  putSetting<Name extends SettingName>(bucket: BucketRef, name: Name, value: BucketSettings[Name], by?: Actor): Promise<void>
  deleteSetting(bucket: BucketRef, name: SettingName, by?: Actor): Promise<void>
}

/**
 * Returns a setting of a bucket, or its initial value if it was never set.
 * @throws StoreError NoSuchBucket, or the setting's own error when it has no initial value
 */
export async function getSetting<Name extends SettingName>(ports: Ports, bucket: BucketRef, name: Name): Promise<BucketSettings[Name]> {
  const { initial, missing } = SETTINGS[name]
  const value = unwrap(await ports.bucket(bucket).getSetting(name)) ?? initial
  if (value === undefined) throw new StoreError(missing ?? 'InternalError')
  return value
}

/**
 * Replaces a setting. It soon applies to the objects that are in the bucket already.
 * @throws StoreError NoSuchBucket, TooManyRequests, and the errors of the setting's check
 */
export async function putSetting<Name extends SettingName>(
  ports: Ports,
  bucket: BucketRef,
  name: Name,
  value: BucketSettings[Name],
  by?: Actor,
): Promise<void> {
  SETTINGS[name].check(value)
  await write(ports, bucket, { name, value }, by)
}

/**
 * Deletes a setting, if the bucket has it.
 * @throws StoreError NoSuchBucket, TooManyRequests
 */
export async function deleteSetting(ports: Ports, bucket: BucketRef, name: SettingName, by?: Actor): Promise<void> {
  await write(ports, bucket, { name, value: SETTINGS[name].deleted ?? null }, by)
}

/** Removes a bucket's settings from the cache of this isolate, after the bucket was created or deleted. */
export function forgetSettings(bucket: BucketRef): void {
  for (const forget of Object.values(FORGET)) forget(bucket)
}

interface Change<Name extends SettingName> {
  readonly name: Name
  readonly value: BucketSettings[Name] | null
}

async function write<Name extends SettingName>(ports: Ports, bucket: BucketRef, { name, value }: Change<Name>, by?: Actor): Promise<void> {
  unwrap(await ports.bucket(bucket).putSetting(name, value, by))
  FORGET[name]?.(bucket)
}
