import { awsEncode } from '../../../core/key.ts'

/** Value of the `encoding-type` parameter; the caller refuses any other. */
export type EncodingType = 'url'

/** How a listing prints keys, prefixes and markers. Tokens stay as they are. */
export interface KeyEncoding {
  readonly encodingType: EncodingType | undefined
  readonly encode: <T extends string | undefined>(text: T) => T
}

/** What no XML 1.0 can hold, not even as a reference. */
const UNSPEAKABLE = /[^\t\n\r -\uFFFD]/
/** The same, and what a reader of `url` would decode: other characters may stand as they are. */
const ENCODED_AT_LEAST = /[^\t\n\r -\uFFFD]|[%+]/g

/**
 * As it was asked for: as they are, or encoded with the slash as `%2F`. Where a client did not ask and one of the texts cannot stand in
 * XML, the listing says `url` and encodes as little as that allows: one such key would stop every reader of the whole page otherwise, while
 * now those that look at `EncodingType` read all keys right, and the others all but those with such a character, `%` or `+`.
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
