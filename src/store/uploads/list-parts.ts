import type { ListPartsQuery, PartsPage } from '../../core/multipart.ts'
import type { ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Ports } from '../ports.ts'

/**
 * Returns one page of the parts of an open upload, by number.
 * @throws StoreError NoSuchBucket, NoSuchUpload
 */
export async function listParts(ports: Ports, at: ObjectRef, query: Omit<ListPartsQuery, 'key'>): Promise<PartsPage> {
  return unwrap(await ports.bucket(at.bucket).listParts({ ...query, key: at.key }))
}
