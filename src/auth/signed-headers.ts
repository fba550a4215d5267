import { invalidArgument } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

/** An object may have as many of these as 8 KiB hold with their values, so they have a limit of their own. */
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
  const metadata = names.filter((name) => name.startsWith(METADATA)).length
  if (names.length - metadata > LIMITS.signedHeaders) throw invalidArgument(`SignedHeaders names more than ${LIMITS.signedHeaders} headers`)
  if (metadata > LIMITS.signedMetadata) throw invalidArgument(`SignedHeaders names more than ${LIMITS.signedMetadata} of metadata`)
  return names
}
