import { readXml } from '../../../core/xml-reader.ts'
import { childrenOf, optionalChild, textOf } from './schema.ts'

/**
 * Returns the location that CreateBucket asks for, as the client wrote it; `undefined` if there is no body or the element is empty.
 * @throws StoreError `MalformedXML`
 */
export function parseLocationConstraint(body: Uint8Array): string | undefined {
  if (body.length === 0) return undefined
  const children = childrenOf(readXml(body, 'CreateBucketConfiguration'))
  const constraint = optionalChild(children, 'LocationConstraint')
  return (constraint && textOf(constraint).trim()) || undefined
}
