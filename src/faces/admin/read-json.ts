import { invalidArgument, StoreError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { type BodyBound, readText } from '../../http/bounded-body.ts'
import { checkJsonType } from '../../http/origin-guard.ts'

/** The body of an import step has a few MiB. In memory there is its text, and the value that is parsed from it. */
const BOUND: BodyBound = { maxBytes: 16 * 1024 * 1024, copies: 2, tooLong: () => new StoreError('EntityTooLarge') }

/** Reads the body of a request as JSON. @throws StoreError EntityTooLarge, InvalidArgument, InvalidRequest */
export async function readJson(request: Request): Promise<unknown> {
  checkJsonType(request.headers)
  return readAsJson(request.body === null ? '{}' : await readText(request, BOUND))
}

/** Says so in its own words if the text is not JSON. Text that is nested too deeply or too large gets the common messages. */
function readAsJson(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw error instanceof StoreError && error.detail.message ? error : invalidArgument('The body is not JSON.')
  }
}
