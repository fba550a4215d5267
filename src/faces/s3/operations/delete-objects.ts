import { permits } from '../../../auth/session-scope.ts'
import { StoreError } from '../../../core/errors.ts'
import type { BucketCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { parseDelete } from '../xml/delete.ts'
import { renderDeleteResult } from '../xml/delete-result.ts'
import { xmlResponse } from '../xml/xml-response.ts'

/** The failure of a key that the credentials do not cover: temporary credentials may be limited to some keys. */
const ACCESS_DENIED = { code: 'AccessDenied', detail: {} } as const

/** Deletes objects. Lists every deleted key, even with `Quiet`, as R2 does. */
export async function deleteObjects(call: BucketCall): Promise<Response> {
  const { keys } = parseDelete(await readXmlBody(call))
  const mayDelete = (key: string) => permits(call.identity, { needs: 'object:write', action: 'DeleteObjects', bucket: call.bucket, key })
  const deleted = (await call.store.deleteObjects(call.bucket, keys.filter(mayDelete))).values()
  const entries = keys.map((key) => {
    const failure = mayDelete(key) ? deleted.next().value?.failure : ACCESS_DENIED
    if (!failure) return { key }
    return { key, error: { code: failure.code, message: new StoreError(failure.code, failure.detail).message } }
  })
  return xmlResponse(renderDeleteResult(entries))
}
