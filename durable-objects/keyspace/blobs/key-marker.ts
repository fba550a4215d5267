import { type Keyring, SSEC_KEY_ID } from '../../../src/segments/keyring.ts'
import { readSetting, writeSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import { findBucketInfo } from '../state.ts'

// The marker is one row. It records how far a Bucket's data keys are wrapped with the present master key. One row read shows that nothing
// is left to rewrite, and a deployment that never changed its master key has no such row.

const SETTING = 'keys'
/** The delay before data keys are rewritten: by then the instances that started with an old secret have ended. */
const DELAY_MS = 60_000

/** The progress of the walk that rewrites a bucket's data keys under one master key. */
export interface KeyMarker {
  readonly keyId: string
  /** The last blob that was looked at; absent when all were. */
  readonly after?: string
  /** The ids of master keys that are not configured although data keys are under them. */
  readonly lost: readonly string[]
}

export const readMarker = (sql: SqlStorage): KeyMarker | null => readSetting<KeyMarker>(sql, SETTING)
export const writeMarker = (sql: SqlStorage, marker: KeyMarker): void => writeSetting(sql, SETTING, marker)

/** Whether there may be data keys that can be rewritten under the present master key. */
export const needsRotation = ({ sql, keyring }: Context): boolean => keyring?.hasOldKeys === true && isBehind(readMarker(sql), keyring)

/** When the next step of a rotation is due; `null` when all data keys that can be rewritten have been. */
export const nextRotationMs = (context: Context): number | null =>
  needsRotation(context) && findBucketInfo(context.sql) !== null ? context.now() + DELAY_MS : null

function isBehind(marker: KeyMarker | null, keyring: Keyring): boolean {
  return marker?.keyId !== keyring.keyId || marker.after !== undefined || marker.lost.some((keyId) => keyring.knows(keyId))
}

/** Runs when a Bucket starts: deletes the marker of another master key, and requests the alarm if there may be something to rewrite. */
export function noticeKeys({ sql, keyring, now, wakeAt }: Context): void {
  if (!keyring) return
  const marker = readMarker(sql)
  if (marker && marker.keyId !== keyring.keyId) writeSetting(sql, SETTING, null)
  if (keyring.hasOldKeys && isBehind(marker, keyring)) wakeAt(now() + DELAY_MS)
}

/**
 * Runs when a data key under an old master key is stored, by a writer that began before the key was changed or by an import. Deletes the
 * marker, so that the walk reads all data keys again.
 */
export function noticeKey({ sql, keyring, now, wakeAt }: Context, keyId: string): void {
  if (!keyring || keyId === keyring.keyId || keyId === SSEC_KEY_ID) return
  writeSetting(sql, SETTING, null)
  if (keyring.hasOldKeys) wakeAt(now() + DELAY_MS)
}
