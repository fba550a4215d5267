import { readOnlyIf } from './conditions'
import { dateField, headerDate } from './dates'
import { toInt32 } from './numbers'
import { textField } from './text-field'
import type { HashName, WireCreateOptions, WireGetOptions, WireHttpMetadata, WireListOptions, WirePutOptions, WireRange } from './wire'

// The options of each method in the form that is sent to Cairn. Values that the runtime refuses before a call are refused here, with its
// texts. As in the runtime, null counts as absent, except in fields that must be a text.

/** @throws RangeError, TypeError, Error */
export function readGetOptions(given?: R2GetOptions): WireGetOptions {
  const options = given ?? {}
  return { onlyIf: readOnlyIf(options.onlyIf, 'GetOptions'), range: readRange(options.range), ssecKey: readSsecKey(options.ssecKey) }
}

/** @throws TypeError, Error */
export function readPutOptions(given?: R2PutOptions): WirePutOptions {
  const options = given ?? {}
  return {
    onlyIf: readOnlyIf(options.onlyIf, 'PutOptions'),
    ...readMetadata(options),
    hashes: readHashes(options),
    ...readStorage(options),
  }
}

/** @throws Error */
export function readCreateOptions(given?: R2MultipartOptions): WireCreateOptions {
  const options = given ?? {}
  return { ...readMetadata(options), ...readStorage(options) }
}

/** @throws RangeError, TypeError */
export function readListOptions(given?: R2ListOptions): WireListOptions {
  const options = given ?? {}
  for (const value of options.include ?? []) {
    if (value !== 'httpMetadata' && value !== 'customMetadata') throw new RangeError(`Unsupported include value ${value}`)
  }
  const { limit, prefix, cursor, delimiter, startAfter, include } = options
  return {
    limit: readLimit(limit),
    prefix: textField(prefix, 'prefix', 'ListOptions'),
    // An empty cursor counts as absent: a loop over pages may begin with one.
    cursor: textField(cursor, 'cursor', 'ListOptions') || undefined,
    delimiter: textField(delimiter, 'delimiter', 'ListOptions'),
    startAfter: textField(startAfter, 'startAfter', 'ListOptions'),
    include: include && [...include],
  }
}

/**
 * A customer's key in hex, the form in which it is sent.
 * @throws Error
 */
export function readSsecKey(key: ArrayBuffer | string | undefined): string | undefined {
  if (key === undefined || key === null) return undefined
  if (typeof key === 'string' && !/^[0-9a-f]+$/.test(key)) throw new Error('SSE-C Key has invalid format')
  const hex = typeof key === 'string' ? key : toHex(bytesOf(key))
  if (hex.length !== 64) throw new Error('SSE-C Key must be 32 bytes in length')
  return hex
}

/** The runtime reads -1 as no limit. */
function readLimit(limit: number | undefined): number | undefined {
  const number = limit === undefined ? -1 : toInt32(limit)
  return number === -1 ? undefined : number
}

const optionalText = (value: string | undefined): string | undefined => (value === undefined || value === null ? undefined : String(value))

function readRange(range: R2GetOptions['range']): WireRange | undefined {
  if (!range) return undefined
  if (range instanceof Headers) {
    const header = range.get('range')
    return header === null ? undefined : { header }
  }
  const asked = range as { offset?: number; length?: number; suffix?: number }
  const [offset, length, suffix] = [asked.offset, asked.length, asked.suffix].map((value) => (value === undefined ? value : Number(value)))
  if (offset !== undefined) checkWhole(offset, 'range. Starting offset')
  if (length !== undefined) checkWhole(length, 'range. Length')
  if (suffix !== undefined) {
    if (offset !== undefined) throw new TypeError('Suffix is incompatible with offset.')
    if (length !== undefined) throw new TypeError('Suffix is incompatible with length.')
    checkWhole(suffix, 'suffix. Suffix')
  }
  if (offset === undefined && length === undefined && suffix === undefined) return undefined
  const exact = (value: number | undefined) => (value === undefined ? undefined : Math.min(value, Number.MAX_SAFE_INTEGER))
  return { offset: exact(offset), length: exact(length), suffix: exact(suffix) }
}

function checkWhole(value: number, what: string): void {
  if (value < 0) throw new RangeError(`Invalid ${what} (${value}) must be greater than or equal to 0.`)
  // The runtime says "range" here, even for a suffix with a fraction.
  const name = what.replace('suffix. ', 'range. ')
  if (!Number.isInteger(value)) throw new RangeError(`Invalid ${name} (${value}) must be an integer, not floating point.`)
}

function readMetadata({ httpMetadata, customMetadata }: R2MultipartOptions): Pick<WireCreateOptions, 'httpMetadata' | 'customMetadata'> {
  return {
    httpMetadata: httpMetadata instanceof Headers ? fromHeaders(httpMetadata) : fromObject(httpMetadata ?? {}),
    // Not by assignment to a field: `__proto__` must work like any other name.
    customMetadata: Object.fromEntries(Object.entries(customMetadata ?? {}).map(([name, value]) => [name, String(value)])),
  }
}

function fromObject({ cacheExpiry, ...rest }: R2HTTPMetadata): WireHttpMetadata {
  const { contentType, contentLanguage, contentDisposition, contentEncoding, cacheControl } = rest
  return withoutAbsent({
    contentType,
    contentLanguage,
    contentDisposition,
    contentEncoding,
    cacheControl,
    cacheExpiryMs: dateField(cacheExpiry, 'cacheExpiry', 'HttpMetadata'),
  })
}

function fromHeaders(headers: Headers): WireHttpMetadata {
  return withoutAbsent({
    contentType: headers.get('content-type') ?? undefined,
    contentLanguage: headers.get('content-language') ?? undefined,
    contentDisposition: headers.get('content-disposition') ?? undefined,
    contentEncoding: headers.get('content-encoding') ?? undefined,
    cacheControl: headers.get('cache-control') ?? undefined,
    cacheExpiryMs: headerDate(headers.get('expires')),
  })
}

const withoutAbsent = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined && field !== null)) as T

const readStorage = ({ storageClass, ssecKey }: R2MultipartOptions): Pick<WireCreateOptions, 'storageClass' | 'ssecKey'> => ({
  storageClass: optionalText(storageClass),
  ssecKey: readSsecKey(ssecKey),
})

/** The names of the digests, the runtime's spelling of each, and their lengths in bytes. */
const HASHES: readonly [HashName, string, number][] = [
  ['md5', 'MD5', 16],
  ['sha1', 'SHA-1', 20],
  ['sha256', 'SHA-256', 32],
  ['sha384', 'SHA-384', 48],
  ['sha512', 'SHA-512', 64],
]

function readHashes(options: R2PutOptions): WirePutOptions['hashes'] {
  const given = HASHES.filter(([name]) => options[name] !== undefined && options[name] !== null)
  for (const [index, [name, spelled, length]] of given.entries()) {
    if (index > 0) throw new TypeError('You cannot specify multiple hashing algorithms.')
    checkHash(options[name]!, spelled, length)
  }
  const [only] = given
  if (!only) return undefined
  const value = options[only[0]]!
  return { [only[0]]: typeof value === 'string' ? value.toLowerCase() : toHex(bytesOf(value)) }
}

function checkHash(value: ArrayBuffer | ArrayBufferView | string, spelled: string, length: number): void {
  if (typeof value !== 'string') {
    if (value.byteLength !== length) throw new TypeError(`${spelled} is ${length} bytes, not ${value.byteLength}`)
    return
  }
  if (value.length !== 2 * length) throw new TypeError(`${spelled} is ${2 * length} hex characters, not ${value.length}`)
  if (!/^[0-9a-f]*$/i.test(value)) throw new TypeError(`Provided ${spelled} wasn't a valid hex string`)
}

const bytesOf = (value: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value)

const toHex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
