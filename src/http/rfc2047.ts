import { Buffer, isAscii, isUtf8 } from 'node:buffer'

/** RFC 2047 allows 75 characters per word. Base64 uses groups of four characters, and each group carries three bytes. */
const WORD_LENGTH = 75
const WORD_START = '=?UTF-8?B?'
const WORD_END = '?='
const WORD_BYTES = Math.floor((WORD_LENGTH - WORD_START.length - WORD_END.length) / 4) * 3

/** Encodes any text as one or more encoded words. It never splits a character between two words. */
export function encodeWords(text: string): string {
  const words: string[] = []
  let part = ''
  let bytes = 0
  for (const character of text) {
    const length = Buffer.byteLength(character)
    if (bytes + length > WORD_BYTES) {
      words.push(encodeWord(part))
      part = ''
      bytes = 0
    }
    part += character
    bytes += length
  }
  return [...words, encodeWord(part)].join(' ')
}

const encodeWord = (part: string): string => WORD_START + Buffer.from(part).toString('base64') + WORD_END

/** Each part stops at the next `?`, so the search takes linear time on every input. */
const WORD = /=\?([^?\s]+)\?([bq])\?([^?\s]*)\?=/gi

/** Neighbouring words of one charset. They are decoded together, because some encoders split a character between two words. */
interface Run {
  readonly charset: string
  readonly decoded: Uint8Array[]
  readonly start: number
  end: number
}

/**
 * Decodes the encoded words of a header value (B and Q; UTF-8, ISO-8859-1 and US-ASCII). All other text stays as it is, and so do
 * malformed words. Blanks between two encoded words are dropped.
 */
export function decodeWords(value: string): string {
  let text = ''
  let run: Run | undefined
  for (const match of value.matchAll(WORD)) {
    const bytes = wordBytes(match[2]!, match[3]!)
    const charset = CHARSETS.get(match[1]!.toLowerCase().replace(/\*.*/, ''))
    if (!bytes || !charset) continue
    const end = match.index + match[0].length
    const gap = value.slice(run?.end ?? 0, match.index)
    const joins = run !== undefined && gap.trim() === ''
    if (joins && run?.charset === charset) {
      run.decoded.push(bytes)
      run.end = end
    } else {
      text += decodeRun(run, value) + (joins ? '' : gap)
      run = { charset, decoded: [bytes], start: match.index, end }
    }
  }
  return text + decodeRun(run, value) + value.slice(run?.end ?? 0)
}

const CHARSETS: ReadonlyMap<string, string> = new Map([
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['iso-8859-1', 'latin1'],
  ['latin1', 'latin1'],
  ['us-ascii', 'ascii'],
  ['ascii', 'ascii'],
])

/** Groups of four characters. The last group may lack its padding, but needs at least two digits: one digit is less than a byte. */
const BASE64 = /^(?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}(?:==)?|[a-z0-9+/]{3}=?)?$/i
const QUOTED = /^(?:[!-<>-~]|=[0-9a-f]{2})*$/i

/** Returns the bytes of one word, or `undefined` when its text is malformed for its encoding. */
function wordBytes(encoding: string, text: string): Uint8Array | undefined {
  if (encoding.toLowerCase() === 'b') return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined
  if (!QUOTED.test(text)) return undefined
  const unquoted = text.replaceAll('_', ' ').replace(/=(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(unquoted, 'latin1')
}

/** Decodes a run of words. If the bytes are invalid in their charset, it returns the words as they were written. */
function decodeRun(run: Run | undefined, value: string): string {
  if (!run) return ''
  const bytes = Buffer.concat(run.decoded)
  const valid = run.charset === 'utf-8' ? isUtf8(bytes) : run.charset === 'latin1' || isAscii(bytes)
  return valid ? bytes.toString(run.charset as BufferEncoding) : value.slice(run.start, run.end)
}
