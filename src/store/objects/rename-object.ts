import { createHash } from 'node:crypto'
import { checkKey, checkNewKey } from '../../core/key.ts'
import { type Conditions, newVersion, type ObjectHead, type ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { RenameObject } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

export interface RenameOptions {
  /** On the object that the new key has now. */
  readonly conditions?: Conditions
  /** A client sends a request again with the same token. */
  readonly token?: string
}

/**
 * Gives an object another key in its bucket, in one transaction. Moves no bytes. It keeps everything but its version, its date included.
 * @throws StoreError InvalidObjectName, NoSuchBucket, NoSuchKey, PreconditionFailed, ObjectLockedByBucketPolicy
 */
export async function renameObject(
  ports: Ports,
  { bucket, key }: ObjectRef,
  source: RenameObject['source'],
  { conditions, token }: RenameOptions = {},
): Promise<ObjectHead> {
  checkKey(source.key)
  checkNewKey(key)
  const version = token === undefined ? newVersion() : tokenVersion([source.key, key, token])
  return unwrap(await ports.bucket(bucket).renameObject({ key, source, conditions, version }))
}

/** The version that a token leads to. So the Bucket recognises a request that is sent again by the object that is there. */
const tokenVersion = (names: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify(['rename', ...names]))
    .digest('hex')
    .slice(0, 32)
