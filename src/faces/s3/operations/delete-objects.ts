import { StoreError } from '../../../core/errors.ts'
import type { BucketCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { parseDelete } from '../xml/delete.ts'
import { renderDeleteResult } from '../xml/delete-result.ts'
import { xmlResponse } from '../xml/xml-response.ts'

/** R2 lists every deleted key, `Quiet` or not. */
export async function deleteObjects(call: BucketCall): Promise<Response> {
  const { keys } = parseDelete(await readXmlBody(call))
  const deleted = await call.store.deleteObjects(call.bucket, keys)
  const entries = deleted.map(({ key, failure }) => {
    if (!failure) return { key }
    return { key, error: { code: failure.code, message: new StoreError(failure.code, failure.detail).message } }
  })
  return xmlResponse(renderDeleteResult(entries))
}
