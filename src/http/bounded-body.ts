import type { ByteSource } from '../core/byte-source.ts'
import { readToEnd } from '../core/byte-sources.ts'
import { requestSource } from './request-body.ts'
import { memoryOf } from './request-memory.ts'

/** Small bodies are many: a read must not reserve much more than they are. */
const READ_BYTES = 64 * 1024

/** How much of a body is held at most. */
export interface BodyBound {
  readonly maxBytes: number
  /** The memory to reserve, in multiples of the body: its bytes, and what is made of them. */
  readonly copies: number
  /** Makes the error for a body that is longer. */
  readonly tooLong: () => Error
}

/**
 * Reads a small body to its end. Its memory is reserved as it arrives, and released when the request is answered.
 * @throws StoreError SlowDown when there is no memory for it, what the source throws; the bound's own error when it is too long
 */
export async function readBounded(
  request: Request,
  source: ByteSource,
  { maxBytes, copies, tooLong }: BodyBound,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  let length = 0
  await readToEnd(source, READ_BYTES, (bytes) => {
    length += bytes.length
    if (length > maxBytes) throw tooLong()
    memoryOf(request).grow(copies * bytes.length)
    take(bytes)
  })
}

/** Reads a small body as text. @throws as {@link readBounded} does */
export async function readText(request: Request, bound: BodyBound): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  await readBounded(request, requestSource(request), bound, (bytes) => {
    text += decoder.decode(bytes, { stream: true })
  })
  return text + decoder.decode()
}
