import { readCopySourceRange } from '../../../http/range.ts'
import { readCustomerKey, ssecHeaders } from '../../../http/ssec.ts'
import type { ObjectCall } from '../call.ts'
import { readCopySource } from '../copy-source.ts'
import { renderCopyPartResult } from '../xml/copy-results.ts'
import { xmlResponse } from '../xml/xml-response.ts'
import { readPartRef } from './upload-part.ts'

/** Conditions on the source are refused before they get here, as on R2. */
export async function uploadPartCopy(call: ObjectCall): Promise<Response> {
  const place = readPartRef(call)
  const customerKey = readCustomerKey(call.headers, '')
  const source = readCopySource(call)
  const range = readCopySourceRange(call.headers.get('x-amz-copy-source-range'))
  const part = await call.store.uploadPartCopy(place, source, { range, customerKey })
  return xmlResponse(renderCopyPartResult(part), customerKey ? ssecHeaders(customerKey.keyMd5) : [])
}
