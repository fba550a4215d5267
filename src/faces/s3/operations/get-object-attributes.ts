import { invalidArgument, StoreError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { measureObject } from '../../../core/operations.ts'
import { formatHttpDate } from '../../../http/conditions.ts'
import { readCustomerKey } from '../../../http/ssec.ts'
import type { ObjectCall } from '../call.ts'
import { toWholeNumber } from '../query.ts'
import { ATTRIBUTES, type AttributeName, renderGetObjectAttributes } from '../xml/object-attributes.ts'
import { xmlResponse } from '../xml/xml-response.ts'

/** Answers what the header `x-amz-object-attributes` asks for. Conditions are not evaluated, as on S3. */
export async function getObjectAttributes({ headers, store, at, measure }: ObjectCall): Promise<Response> {
  const customerKey = readCustomerKey(headers, '')
  const wanted = readAttributes(headers.get('x-amz-object-attributes'))
  const maxParts = toWholeNumber(headers.get('x-amz-max-parts'), 'max-parts', LIMITS.listMax)
  const after = toWholeNumber(headers.get('x-amz-part-number-marker'), 'part-number-marker', 0)
  const page = wanted.includes('ObjectParts') ? { after, limit: Math.min(maxParts, LIMITS.listMax) } : undefined
  const { head, parts } = await store.objectParts(at, { customerKey, page })
  measureObject(measure, head)
  return xmlResponse(renderGetObjectAttributes({ wanted, head, parts: parts && { ...parts, after, maxParts } }), [
    ['Last-Modified', formatHttpDate(head.uploadedMs)],
  ])
}

/**
 * Reads a list of names.
 * @throws StoreError InvalidRequest, InvalidArgument
 */
function readAttributes(header: string | null): AttributeName[] {
  const names = (header ?? '').split(',').map((name) => name.trim())
  if (names.every((name) => name === '')) {
    const message = 'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty'
    throw new StoreError('InvalidRequest', { message })
  }
  return names.map((name) => {
    const known = ATTRIBUTES.find((one) => one === name)
    if (known === undefined) throw invalidArgument('Invalid attribute name specified.')
    return known
  })
}
