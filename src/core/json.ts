import { StoreError } from './errors.ts'

/** Far more than any body of our API needs. The limits protect code that recurses into a parsed value or copies it. */
export const JSON_MAX_DEPTH = 32
export const JSON_MAX_VALUES = 50_000

/**
 * Parses JSON that a client sent. Its depth and its number of values are checked first: a short text could otherwise exhaust the stack of
 * code that walks it, or grow to many times its size in memory.
 * @throws StoreError MalformedJSON
 */
export function parseJson(text: string): unknown {
  checkShape(text)
  try {
    return JSON.parse(text)
  } catch {
    throw new StoreError('MalformedJSON')
  }
}

const QUOTE = 34
const COMMA = 44
const COLON = 58
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125]

/** Counts in one pass. It finds the end of each string and leaves the refusal of invalid JSON to the parser. */
function checkShape(text: string): void {
  let depth = 0
  let values = 1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === COMMA || code === COLON) values++
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      values++
      if (++depth > JSON_MAX_DEPTH) throw tooDeep()
    }
  }
  if (values > JSON_MAX_VALUES) throw tooMany()
}

/** The position of a string's closing quote, or the end of the text if it has none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end
    while (text.charAt(before - 1) === '\\') before--
    if ((end - before) % 2 === 0) return end
  }
  return text.length
}

const tooDeep = (): StoreError =>
  new StoreError('MalformedJSON', { message: `The JSON you provided is nested too deeply: ${JSON_MAX_DEPTH} levels at most.` })

const tooMany = (): StoreError =>
  new StoreError('MalformedJSON', { message: `The JSON you provided has too many values: ${JSON_MAX_VALUES} at most.` })
