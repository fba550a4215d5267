/** How many bytes of a body are examined, as in the WHATWG's MIME sniffing standard. */
export const SNIFF_BYTES = 512

interface Signature {
  readonly type: string
  /** Bytes as text, one character for each byte; `?` stands for any byte. */
  readonly bytes: string
  readonly at?: number
}

/** The first match wins. The standard's `BM` for bitmaps is left out, since too many texts start with it. https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern and the sections after it. */
const SIGNATURES: readonly Signature[] = [
  { type: 'application/pdf', bytes: '%PDF-' },
  { type: 'application/postscript', bytes: '%!PS-Adobe-' },
  { type: 'image/png', bytes: '\x89PNG\r\n\x1a\n' },
  { type: 'image/jpeg', bytes: '\xff\xd8\xff' },
  { type: 'image/gif', bytes: 'GIF87a' },
  { type: 'image/gif', bytes: 'GIF89a' },
  { type: 'image/webp', bytes: 'RIFF????WEBPVP' },
  { type: 'image/x-icon', bytes: '\0\0\x01\0' },
  { type: 'image/avif', bytes: 'ftypavif', at: 4 },
  { type: 'image/heic', bytes: 'ftypheic', at: 4 },
  { type: 'audio/mp4', bytes: 'ftypM4A', at: 4 },
  { type: 'audio/wave', bytes: 'RIFF????WAVE' },
  { type: 'video/avi', bytes: 'RIFF????AVI ' },
  { type: 'audio/aiff', bytes: 'FORM????AIFF' },
  { type: 'audio/mpeg', bytes: 'ID3' },
  { type: 'audio/flac', bytes: 'fLaC' },
  { type: 'audio/midi', bytes: 'MThd\0\0\0\x06' },
  { type: 'application/ogg', bytes: 'OggS\0' },
  { type: 'video/webm', bytes: '\x1aE\xdf\xa3' },
  { type: 'font/ttf', bytes: '\0\x01\0\0' },
  { type: 'font/otf', bytes: 'OTTO' },
  { type: 'font/collection', bytes: 'ttcf' },
  { type: 'font/woff', bytes: 'wOFF' },
  { type: 'font/woff2', bytes: 'wOF2' },
  { type: 'application/x-gzip', bytes: '\x1f\x8b\x08' },
  { type: 'application/zip', bytes: 'PK\x03\x04' },
  { type: 'application/zip', bytes: 'PK\x05\x06' },
  { type: 'application/x-rar-compressed', bytes: 'Rar!\x1a\x07' },
  { type: 'application/x-7z-compressed', bytes: '7z\xbc\xaf\x27\x1c' },
  { type: 'application/zstd', bytes: '\x28\xb5\x2f\xfd' },
  { type: 'application/wasm', bytes: '\0asm' },
  { type: 'text/plain; charset=utf-16be', bytes: '\xfe\xff' },
  { type: 'text/plain; charset=utf-16le', bytes: '\xff\xfe' },
]

/** An HTML page starts with a comment, or with one of these tags followed by a space or `>`. */
const HTML_TAGS = /^<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)(?=[ >])|^<!--/i

/**
 * Guesses the type of a body that was sent without one from its first bytes, as R2 does.
 * Returns `undefined` if nothing matches; reads then answer `application/octet-stream`.
 */
export function sniffContentType(firstBytes: Uint8Array): string | undefined {
  if (firstBytes.length === 0) return undefined
  const head = firstBytes.subarray(0, SNIFF_BYTES)
  const bytes = latin1(head)
  const known = SIGNATURES.find((signature) => fits(bytes, signature))
  if (known) return known.type
  if (isMp4(bytes)) return 'video/mp4'
  if (isMp3Frame(head)) return 'audio/mpeg'
  return isBinary(bytes) ? undefined : textType(bytes)
}

/** One character for each byte. A `TextDecoder` for `latin1` would decode windows-1252. */
const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

function fits(bytes: string, { bytes: pattern, at = 0 }: Signature): boolean {
  if (bytes.length < at + pattern.length) return false
  for (let i = 0; i < pattern.length; i++) if (pattern[i] !== '?' && pattern[i] !== bytes[at + i]) return false
  return true
}

/** An ISO media file lists its brands in its first box. It is MP4 if one of them is `mp4…` or a related brand. */
function isMp4(bytes: string): boolean {
  if (bytes.slice(4, 8) !== 'ftyp') return false
  const boxSize = (bytes.charCodeAt(2) << 8) | bytes.charCodeAt(3)
  const brands = bytes.slice(8, Math.min(boxSize, bytes.length))
  return /^(?:.{4})*?(?:mp4|isom|iso2|avc1|M4V)/s.test(brands)
}

/** An MPEG audio frame without an ID3 tag: the sync word, layer III, and neither bit rate nor sample rate reserved. */
function isMp3Frame(bytes: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = bytes
  return (
    first === 0xff &&
    (second & 0xe6) === 0xe2 &&
    (second & 0x18) !== 0x08 &&
    third >> 4 !== 0xf &&
    third >> 4 !== 0 &&
    (third & 0x0c) !== 0x0c
  )
}

/** The standard's binary data bytes: control characters that a text does not contain. */
function isBinary(bytes: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
  return /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(bytes)
}

function textType(bytes: string): string {
  const text = bytes.replace(/^\xef\xbb\xbf/, '').trimStart()
  if (HTML_TAGS.test(text)) return 'text/html; charset=utf-8'
  if (text.startsWith('<?xml')) return 'text/xml; charset=utf-8'
  return 'text/plain; charset=utf-8'
}
