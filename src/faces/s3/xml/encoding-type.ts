import { awsEncode } from '../../../core/key.ts'

/** Value of the `encoding-type` parameter; the caller refuses any other. */
export type EncodingType = 'url'

/** How a listing prints keys, prefixes and markers: as they are, or encoded with the slash as `%2F`. Tokens stay as they are. */
export const keyEncoder = (encodingType: EncodingType | undefined): (<T extends string | undefined>(text: T) => T) =>
  encodingType === 'url' ? (text) => (text === undefined ? text : (awsEncode(text) as typeof text)) : (text) => text
