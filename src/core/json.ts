import { StoreError } from './errors.ts'

/** Much deeper, and many times more, than any body of ours: code that walks what was read may go down into it, and copies it. */
export const JSON_MAX_DEPTH = 32
export const JSON_MAX_VALUES = 50_000

/**
 * Reads JSON that a client sent. Its shape is measured before anything is made of it, so that a short text neither exhausts the stack of
 * whoever walks it nor becomes many times its size in memory.
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

/** One pass. What is no JSON is for the parser to refuse: of its strings alone the ends are looked for. */
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

/** Where a string's closing quote is; the end of a text that has none. */
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
