import { type Keyring, SSEC_KEY_ID } from '../../../src/segments/keyring.ts'
import { readSetting, writeSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import { findBucketInfo } from '../state.ts'

// What a Bucket knows of the master keys that its data keys are wrapped with, in one row: to find out that there is nothing to
// rewrite costs one row read, and a deployment that never changed its master key does not even have the row.

const SETTING = 'keys'
/** Before data keys are rewritten. Instances that started with an old secret are gone by then. */
const DELAY_MS = 60_000

/** How far a bucket's data keys are under one master key. */
export interface KeyMarker {
  readonly keyId: string
  /** The last blob that was looked at; absent when all were. */
  readonly after?: string
  /** Master keys that further data keys are under, and that were not configured. */
  readonly lost: readonly string[]
}

export const readMarker = (sql: SqlStorage): KeyMarker | null => readSetting<KeyMarker>(sql, SETTING)
export const writeMarker = (sql: SqlStorage, marker: KeyMarker): void => writeSetting(sql, SETTING, marker)

/** Whether there may be data keys that can be brought under the present master key. */
export const needsRotation = ({ sql, keyring }: Context): boolean => keyring?.hasOldKeys === true && isBehind(readMarker(sql), keyring)

/** When the next step of a rotation is due; `null` when all data keys that can be rewritten are. */
export const nextRotationMs = (context: Context): number | null =>
  needsRotation(context) && findBucketInfo(context.sql) !== null ? context.now() + DELAY_MS : null

function isBehind(marker: KeyMarker | null, keyring: Keyring): boolean {
  return marker?.keyId !== keyring.keyId || marker.after !== undefined || marker.lost.some((keyId) => keyring.knows(keyId))
}

/** When a Bucket starts: forgets what was known of another master key, and sets the alarm if there is something to rewrite. */
export function noticeKeys({ sql, keyring, now, wakeAt }: Context): void {
  if (!keyring) return
  const marker = readMarker(sql)
  if (marker && marker.keyId !== keyring.keyId) writeSetting(sql, SETTING, null)
  if (keyring.hasOldKeys && isBehind(marker, keyring)) wakeAt(now() + DELAY_MS)
}

/** When a data key comes in, from a writer that began with an old master key or out of an export: all have to be looked at again. */
export function noticeKey({ sql, keyring, now, wakeAt }: Context, keyId: string): void {
  if (!keyring || keyId === keyring.keyId || keyId === SSEC_KEY_ID) return
  writeSetting(sql, SETTING, null)
  if (keyring.hasOldKeys) wakeAt(now() + DELAY_MS)
}
