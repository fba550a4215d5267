import { malformedForm } from './boundary.ts'

/** The header of one part of a form. */
export interface PartHeader {
  readonly name: string
  /** The name of the file, if the part has one, without its folders. */
  readonly filename?: string
}

const LINE = /^([!#$%&'*+.^_`|~\w-]+):([^\0\r\n]*)$/
const TYPE = /^form-data[ \t]*(?=;|$)/i
const PARAMETER_NAME = /[ \t]*;[ \t]*([!#$%&'+.^_`|~\w-]+\*?)=/y
const TOKEN = /[!#$%&'*+.^_`|~\w-]+/y
const EXTENDED = /^utf-8'[\w-]*'([!#$&+.^_`|~\w%-]*)$/i

/**
 * Reads the header lines of a part. Only `Content-Disposition` counts, and it must be there once.
 * @param text the lines, without the blank one behind them
 * @throws StoreError MalformedPOSTRequest
 */
export function parsePartHeader(text: string): PartHeader {
  const dispositions: string[] = []
  for (const line of text.split('\r\n')) {
    const [, name, value] = LINE.exec(line) ?? []
    if (name === undefined || value === undefined) throw malformedForm()
    if (name.toLowerCase() === 'content-disposition') dispositions.push(value.trim())
  }
  const [disposition] = dispositions
  if (disposition === undefined || dispositions.length > 1) throw malformedForm()
  return parseDisposition(disposition)
}

function parseDisposition(text: string): PartHeader {
  const type = TYPE.exec(text)
  if (!type) throw malformedForm()
  const parameters = readParameters(text, type[0].length)
  const name = parameters.get('name')
  if (!name) throw malformedForm()
  const extended = parameters.get('filename*')
  const filename = extended === undefined ? parameters.get('filename') : decodeExtended(extended)
  return filename === undefined
    ? { name }
    : { name, filename: filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1) }
}

function readParameters(text: string, start: number): Map<string, string> {
  const parameters = new Map<string, string>()
  const lastQuote = text.lastIndexOf('"')
  for (let at = start; at < text.length; ) {
    PARAMETER_NAME.lastIndex = at
    const name = PARAMETER_NAME.exec(text)?.[1]?.toLowerCase()
    if (name === undefined || parameters.has(name)) throw malformedForm()
    const { value, end } = readValue(text, PARAMETER_NAME.lastIndex, lastQuote)
    parameters.set(name, value)
    at = end
  }
  return parameters
}

function readValue(text: string, start: number, lastQuote: number): { value: string; end: number } {
  if (text[start] === '"') return readQuoted(text, start + 1, lastQuote)
  TOKEN.lastIndex = start
  const token = TOKEN.exec(text)?.[0]
  if (token === undefined) throw malformedForm()
  return { value: token, end: TOKEN.lastIndex }
}

/**
 * Reads a quoted text. Browsers write a quote as `%22` and leave a backslash as it is, so that the last character of a name may be one;
 * programs write `\"`. Therefore `\"` is a quote, unless no other quote could end the text.
 */
function readQuoted(text: string, start: number, lastQuote: number): { value: string; end: number } {
  let value = ''
  for (let at = start; at <= lastQuote; at++) {
    if (text[at] === '"') return { value: decodePercents(value), end: at + 1 }
    if (text[at] === '\\' && text[at + 1] === '"' && at + 1 < lastQuote) at++
    value += text[at]
  }
  throw malformedForm()
}

/** https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
const decodePercents = (text: string): string =>
  text.replace(/%(22|0D|0A)/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))

/** RFC 5987, in UTF-8. */
function decodeExtended(value: string): string {
  const [, encoded] = EXTENDED.exec(value) ?? []
  if (encoded === undefined) throw malformedForm()
  try {
    return decodeURIComponent(encoded)
  } catch {
    throw malformedForm()
  }
}
