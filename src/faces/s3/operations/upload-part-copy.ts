import { readCopySourceRange } from '../../../http/range.ts'
import { readCustomerKey, ssecHeaders } from '../../../http/ssec.ts'
import type { ObjectCall } from '../call.ts'
import { readCopySource } from '../copy-source.ts'
import { renderCopyPartResult } from '../xml/copy-results.ts'
import { xmlResponse } from '../xml/xml-response.ts'
import { readPartRef } from './upload-part.ts'

/** Copies a part. R2 refuses conditions on the source; they reach this function only if the allowance `partCopyConditions` is on. */
export async function uploadPartCopy(call: ObjectCall): Promise<Response> {
  const customerKey = readCustomerKey(call.headers, '')
  readCustomerKey(call.headers, 'copy-source-') // R2 checks both keys before anything else.
  const place = readPartRef(call)
  const source = readCopySource(call)
  const range = readCopySourceRange(call.headers.get('x-amz-copy-source-range'))
  const part = await call.store.uploadPartCopy(place, source, { range, customerKey })
  return xmlResponse(renderCopyPartResult(part), customerKey ? ssecHeaders(customerKey.keyMd5) : [])
}
