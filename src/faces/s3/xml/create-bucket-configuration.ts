import type { TagSet } from '../../../core/tags.ts'
import { readXml } from '../../../core/xml-reader.ts'
import { childrenOf, optionalChild, textOf } from './schema.ts'
import { readTags } from './tagging.ts'

/** The wishes in the body of CreateBucket. */
export interface CreateBucketConfiguration {
  /** As the client wrote it; absent if there is no body or the element is empty. */
  readonly location?: string
  /** Unchecked. */
  readonly tags: TagSet
}

/**
 * Reads the body of CreateBucket, which may be empty.
 * @param beyondR2 false in strict mode, where the tags are ignored, as on R2
 * @throws StoreError `MalformedXML`
 */
export function parseCreateBucketConfiguration(body: Uint8Array, beyondR2 = true): CreateBucketConfiguration {
  if (body.length === 0) return { tags: [] }
  const children = childrenOf(readXml(body, 'CreateBucketConfiguration'))
  const constraint = optionalChild(children, 'LocationConstraint')
  const tags = beyondR2 ? optionalChild(children, 'Tags') : undefined
  return { location: (constraint && textOf(constraint).trim()) || undefined, tags: tags ? readTags(tags) : [] }
}
