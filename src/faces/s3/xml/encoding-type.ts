import { awsEncode } from '../../../core/key.ts'

/** The value of the parameter `encoding-type`. The caller refuses any other value. */
export type EncodingType = 'url'

/** How a listing prints keys, prefixes and markers. It never encodes tokens. */
export interface KeyEncoding {
  readonly encodingType: EncodingType | undefined
  readonly encode: <T extends string | undefined>(text: T) => T
}

/** Characters that XML 1.0 cannot contain, not even as a reference. */
const UNSPEAKABLE = /[^\t\n\r -\uFFFD]/
/** The same characters, and those that a client would decode with `url`. All other characters may stay unencoded. */
const ENCODED_AT_LEAST = /[^\t\n\r -\uFFFD]|[%+]/g

/**
 * Returns the encoding that the client asked for: none, or `url`, which also encodes the slash as `%2F`. If the client asked for none and
 * one of the texts contains a character that XML cannot contain, the listing declares `url` and encodes as little as possible. Without this,
 * one such key would make the whole page unreadable. With it, a client that looks at `EncodingType` reads all keys correctly. Any other
 * client reads all keys correctly, except those that contain such a character, `%` or `+`.
 */
export function keyEncoding(asked: EncodingType | undefined, texts: readonly (string | undefined)[]): KeyEncoding {
  if (asked === 'url') return { encodingType: asked, encode: encoding(awsEncode) }
  if (!texts.some((text) => text !== undefined && UNSPEAKABLE.test(text))) return { encodingType: undefined, encode: (text) => text }
  return { encodingType: 'url', encode: encoding((text) => text.replace(ENCODED_AT_LEAST, encodeURIComponent)) }
}

const encoding =
  (encode: (text: string) => string): KeyEncoding['encode'] =>
  (text) =>
    text === undefined ? text : (encode(text) as typeof text)
