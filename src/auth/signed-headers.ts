import { invalidArgument } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

/** Metadata headers have their own limit: an object may have as many as fit into 8 KiB with their values. */
const METADATA = 'x-amz-meta-'

/**
 * Returns the names in `SignedHeaders`, in lowercase and in the client's order.
 *
 * The canonical request holds each name with its value, and is built for anyone who knows an access key id. A repeated name would copy
 * its value once per repetition, so the work would grow with the product of two lengths. No client repeats a name. A name whose header is
 * missing is accepted with an empty value, as on R2, because some clients sign headers that are lost on the way.
 * @throws StoreError `InvalidArgument` when a name repeats, or when there are more names than any request needs.
 */
export function readSignedHeaders(text: string): string[] {
  const names = text.toLowerCase().split(';')
  if (new Set(names).size < names.length) throw invalidArgument('SignedHeaders names a header more than once')
  const metadata = names.filter((name) => name.startsWith(METADATA)).length
  if (names.length - metadata > LIMITS.signedHeaders) throw invalidArgument(`SignedHeaders names more than ${LIMITS.signedHeaders} headers`)
  if (metadata > LIMITS.signedMetadata) throw invalidArgument(`SignedHeaders names more than ${LIMITS.signedMetadata} metadata headers`)
  return names
}
