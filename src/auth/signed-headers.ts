import { invalidArgument } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

/** Of these an object may have as many as 8 KiB hold. Each is one header of the request, so the request itself is their limit. */
const METADATA = 'x-amz-meta-'

/**
 * The names in `SignedHeaders`, in lowercase and in the client's order.
 *
 * Each one is followed by its value in the canonical request, which is made for whoever knows an access key id. A name that repeats would
 * copy its value once for each repetition: work that grows with the product of two lengths. No client repeats one. A name that the request
 * lacks is not refused: its value is empty, as on R2, since some clients sign headers that are lost on the way.
 * @throws StoreError `InvalidArgument` when a name repeats, or when there are more of them than a request has use for.
 */
export function readSignedHeaders(text: string): string[] {
  const names = text.toLowerCase().split(';')
  if (new Set(names).size < names.length) throw invalidArgument('SignedHeaders names a header more than once')
  const others = names.reduce((count, name) => (name.startsWith(METADATA) ? count : count + 1), 0)
  if (others > LIMITS.signedHeaders) throw invalidArgument(`SignedHeaders names more than ${LIMITS.signedHeaders} headers`)
  return names
}
