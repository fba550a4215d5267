import { LIMITS } from '../../src/core/limits.ts'
import type { TagSet } from '../../src/core/tags.ts'
import { ATTRIBUTES, randomBytes, TestBucket, TINY_SIZES, uploadOf } from './bucket.ts'

const limits = LIMITS as { partMinBytes: number }
const { partMinBytes } = limits

/** Allows small parts, so that composite bodies are cheap to make. Returns a function that restores the limit. */
export function allowSmallParts(): () => void {
  limits.partMinBytes = 0
  return () => {
    limits.partMinBytes = partMinBytes
  }
}

/** Opens an upload with parts of these sizes. */
export async function multipart(bucket: TestBucket, key: string, sizes: readonly number[], further: { readonly tags?: TagSet } = {}) {
  const at = bucket.at(key)
  const { uploadId } = await bucket.store.createMultipartUpload(at, { ...ATTRIBUTES, ...further })
  const parts: { partNumber: number; etag: string }[] = []
  for (const [index, size] of sizes.entries()) {
    parts.push(await bucket.store.uploadPart({ at, uploadId, partNumber: index + 1 }, uploadOf(randomBytes(size))))
  }
  return { uploadId, complete: () => bucket.store.completeMultipartUpload(at, { uploadId, parts }) }
}

export const copy = (bucket: TestBucket, from: string, to: string) =>
  bucket.store.copyObject(bucket.at(to), { at: bucket.at(from) }, { ...ATTRIBUTES, directive: 'COPY' })

/** Makes a bucket with rows in every table. Needs {@link allowSmallParts}. */
export async function fullBucket(): Promise<TestBucket> {
  const bucket = await TestBucket.create()
  for (const [tier, size] of Object.entries(TINY_SIZES)) await bucket.put(tier, size)
  await bucket.put('empty', 0)
  await copy(bucket, 'kv', 'copy')
  await (await multipart(bucket, 'composite', [TINY_SIZES.kv, TINY_SIZES.d1, TINY_SIZES.inline])).complete()
  await multipart(bucket, 'open', [TINY_SIZES.d1, TINY_SIZES.inline])
  await (await multipart(bucket, 'dead', [TINY_SIZES.kv, TINY_SIZES.d1])).complete()
  await bucket.store.deleteObject(bucket.at('dead'))
  await bucket.put('d1', TINY_SIZES.d1)
  return bucket
}
