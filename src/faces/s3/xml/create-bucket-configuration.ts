import { readXml } from './reader.ts'
import { childrenOf, optionalChild, textOf } from './schema.ts'

/**
 * The location that CreateBucket asks for, as written; `undefined` without a body or where it is empty.
 * @throws StoreError `MalformedXML`
 */
export function parseLocationConstraint(body: Uint8Array): string | undefined {
  if (body.length === 0) return undefined
  const children = childrenOf(readXml(body, 'CreateBucketConfiguration'))
  const constraint = optionalChild(children, 'LocationConstraint')
  return (constraint && textOf(constraint).trim()) || undefined
}
