import { invalidArgument, StoreError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { checkJsonType } from '../../http/origin-guard.ts'
import { requestSource } from '../../http/request-body.ts'
import { memoryOf } from '../../http/request-memory.ts'

/** The body of an import step has a few MiB. */
const LIMIT_BYTES = 16 * 1024 * 1024
const PIECE_BYTES = 256 * 1024
/** The memory to reserve, in multiples of the body: the text, and the value that is parsed from it. */
const COPIES = 2

/** Reads the body of a request as JSON. @throws StoreError EntityTooLarge, InvalidArgument, InvalidRequest */
export async function readJson(request: Request): Promise<unknown> {
  checkJsonType(request.headers)
  return readAsJson(await readText(request))
}

/** Says so in its own words if the text is not JSON. Text that is nested too deeply or too large gets the common messages. */
function readAsJson(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw error instanceof StoreError && error.detail.message ? error : invalidArgument('The body is not JSON.')
  }
}

async function readText(request: Request): Promise<string> {
  if (request.body === null) return '{}'
  const source = requestSource(request)
  const decoder = new TextDecoder()
  let text = ''
  for (let length = 0; ; ) {
    const piece = await source.read(PIECE_BYTES)
    if (piece.byteLength === 0) return text + decoder.decode()
    length += piece.byteLength
    if (length > LIMIT_BYTES) throw new StoreError('EntityTooLarge')
    memoryOf(request).grow(COPIES * piece.byteLength)
    text += decoder.decode(piece, { stream: true })
  }
}
