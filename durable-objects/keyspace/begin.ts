import type { Begin, Begun } from '../../src/store/bucket-api.ts'
import { journal } from './blobs/garbage.ts'
import type { Context } from './context.ts'
import { checkOverwrite, findObject } from './objects/objects.ts'
import { checkUploadKey, openUpload } from './uploads/uploads.ts'

/**
 * Refuses a write that is already known to fail. Journals the blob of any other write, so that the alarm deletes its bytes if no commit
 * follows.
 * @throws StoreError the errors that the commit of that object or part would throw
 */
export function begin(context: Context, { blobId: id, tier: kind, segments, size, target }: Begin): Begun {
  if (!('uploadId' in target)) {
    checkOverwrite(context, findObject(context.sql, target.key), target.conditions)
    return journal(context, { id, kind, segments }, size)
  }
  const upload = openUpload(context.sql, target)
  checkUploadKey(upload, target.ssecKeyMd5)
  return { ...journal(context, { id, kind, segments }, size), checksumAlgorithm: upload.checksum_algorithm ?? undefined }
}
