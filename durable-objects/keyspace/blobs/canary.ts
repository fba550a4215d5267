import type { BucketInfo } from '../../../src/core/bucket.ts'
import { StoreError } from '../../../src/core/errors.ts'
import { type BucketRef, bucketPath } from '../../../src/core/object.ts'
import { sealedUnder, unknownKey } from '../../../src/segments/canary.ts'
import { type Keyring, SSEC_KEY_ID } from '../../../src/segments/keyring.ts'
import { readSetting, writeSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import { type BlobRow, toRecord } from './blobs.ts'

// The canary is a text that is sealed with the master key of the bucket's data. A deployment that cannot open it has another master key and
// must not seal anything.

const SETTING = 'canary'
/** How many data keys to try when an earlier version left no canary: they show which master key the data is under. */
const PROOFS = 10

const refusals = new WeakMap<SqlStorage, StoreError>()

export const sealCanary = (keyring: Keyring, { jurisdiction, name }: BucketRef): Promise<string> =>
  keyring.seal(purposeOf({ jurisdiction, name }), 'canary')
/**
 * Writes the canary of a new bucket, or the next one of a bucket whose data this deployment can open. It also clears a refusal, which is
 * out of date then.
 */
export function writeCanary(sql: SqlStorage, sealed: string | undefined): void {
  writeSetting(sql, SETTING, sealed ?? null)
  refusals.delete(sql)
}

const purposeOf = (bucket: BucketRef): string => `canary/${bucketPath(bucket)}`

/**
 * Runs when a Bucket starts. Checks that the configured master keys can open its data, and seals the canary again after the master key was
 * rotated.
 */
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

/**
 * Refuses to seal under a wrong master key.
 * @throws StoreError ServiceUnavailable when the bucket's data is under a master key that is not configured
 */
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

/**
 * For data of a version without canaries: tries the newest data keys. Returns undefined when one of them opens or there is none; otherwise
 * the id of a master key that is not configured.
 */
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
