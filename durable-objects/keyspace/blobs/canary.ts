import type { BucketInfo } from '../../../src/core/bucket.ts'
import { StoreError } from '../../../src/core/errors.ts'
import type { BucketRef } from '../../../src/core/object.ts'
import { sealedUnder, unknownKey } from '../../../src/segments/canary.ts'
import { type Keyring, SSEC_KEY_ID } from '../../../src/segments/keyring.ts'
import { readSetting, writeSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import { type BlobRow, toRecord } from './blobs.ts'

// A text that is sealed with the master key of the bucket's data: who cannot open it has another key, and must not seal anything.

const SETTING = 'canary'
/** How many data keys are tried to find out which master key the data of an older version is under. */
const PROOFS = 10

const refusals = new WeakMap<SqlStorage, StoreError>()

export const sealCanary = (keyring: Keyring, { jurisdiction, name }: BucketRef): Promise<string> =>
  keyring.seal(purposeOf({ jurisdiction, name }), 'canary')
/** Of a bucket that is made, or whose canary was opened: whatever was refused before belongs to an earlier one. */
export function writeCanary(sql: SqlStorage, sealed: string | undefined): void {
  writeSetting(sql, SETTING, sealed ?? null)
  refusals.delete(sql)
}

const purposeOf = ({ jurisdiction, name }: BucketRef): string => `canary/${jurisdiction}/${name}`

/** When a Bucket starts: finds out whether the configured master keys are those of its data, and follows a rotation. */
export async function checkCanary({ sql, keyring, config }: Context): Promise<void> {
  const info = readSetting<BucketInfo>(sql, 'info')
  refusals.delete(sql)
  if (!keyring || !info) return
  const sealed = readSetting<string>(sql, SETTING)
  const keyId = sealed === null ? await unprovenKey(sql, keyring, info) : await unopenedKey(sealed, keyring, info)
  if (keyId !== undefined && !config.lostKeyIds.includes(keyId)) {
    refusals.set(sql, unknownKey('bucket', keyId))
  } else if (sealed === null || !keyring.isPresent(sealed)) {
    writeCanary(sql, await sealCanary(keyring, info))
  }
}

/** @throws StoreError ServiceUnavailable when the master key is another one than that of the bucket's data */
export function mustSeal(sql: SqlStorage): void {
  const refusal = refusals.get(sql)
  if (refusal) throw refusal
}

async function unopenedKey(sealed: string, keyring: Keyring, info: BucketInfo): Promise<string | undefined> {
  try {
    await keyring.open(purposeOf(info), sealed)
    return undefined
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return sealedUnder(sealed)
  }
}

/** Data of a version without canaries: its newest data keys tell. One that opens, or none that is there, is enough. */
async function unprovenKey(sql: SqlStorage, keyring: Keyring, info: BucketInfo): Promise<string | undefined> {
  const query = `SELECT id, refs, size, tier, chunk_bytes, segment_bytes, wrapped_key, key_id, NULL AS bytes
    FROM blobs WHERE key_id IS NOT NULL AND key_id <> ? ORDER BY id DESC LIMIT ?`
  const blobs = sql.exec<BlobRow>(query, SSEC_KEY_ID, PROOFS).toArray().map(toRecord)
  for (const blob of blobs) {
    const opened = await keyring.openDataKey({ bucket: info }, blob).catch((error) => {
      if (!(error instanceof StoreError)) throw error
    })
    if (opened) return undefined
  }
  return blobs.find(({ keyId }) => !keyring.knows(keyId))?.keyId
}
