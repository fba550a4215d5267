import { Buffer } from 'node:buffer'
import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'

const MAX_CODE_POINT = 0x10ffff
const SURROGATES_START = 0xd800
const SURROGATES_END = 0xdfff

/**
 * Refuses a key that R2 does not accept. The empty key passes, since the binding allows it; the other faces refuse it themselves.
 * @throws StoreError `InvalidObjectName` over 1,024 bytes of UTF-8, or when a surrogate has no partner.
 */
export function checkKey(key: string): void {
  // A UTF-16 unit takes at least one byte of UTF-8, so a key of hostile length is refused before its bytes are counted.
  const tooLong = key.length > LIMITS.keyBytes || Buffer.byteLength(key) > LIMITS.keyBytes
  if (tooLong || !key.isWellFormed()) throw new StoreError('InvalidObjectName')
}

/**
 * Like {@link checkKey}, for a key that is about to be written. It also refuses NUL: XML cannot contain it, and a program written in C takes
 * it as the end of the key, so that it means another key. An object that an earlier version stored under such a key can still be read,
 * listed and deleted.
 * @throws StoreError `InvalidObjectName`
 */
export function checkNewKey(key: string): void {
  checkKey(key)
  if (key.includes('\0')) throw new StoreError('InvalidObjectName')
}

/** The spelling under which keys are compared: NFC-equal keys are one object. */
export const normalizeKey = (key: string): string => key.normalize('NFC')

/**
 * The smallest string that sorts after every string that starts with `prefix`, in UTF-8 byte order;
 * `null` if there is none: a range then has no upper bound.
 */
export function prefixEnd(prefix: string): string | null {
  let end = prefix.length
  while (end > 0) {
    // Not `codePointAt(end - 1)`: at the low half of a surrogate pair it returns that half instead of the character.
    const start = isPairAt(prefix, end - 2) ? end - 2 : end - 1
    const last = prefix.codePointAt(start)!
    if (last < MAX_CODE_POINT) return prefix.slice(0, start) + String.fromCodePoint(nextCodePoint(last))
    end = start
  }
  return null
}

function isPairAt(text: string, index: number): boolean {
  return index >= 0 && text.codePointAt(index)! > 0xffff
}

/** UTF-8 has no surrogates: U+E000 follows U+D7FF. */
function nextCodePoint(codePoint: number): number {
  const next = codePoint + 1
  return next >= SURROGATES_START && next <= SURROGATES_END ? SURROGATES_END + 1 : next
}

/** Compares two strings by their UTF-8 bytes, which is the order of S3 listings. JavaScript's `<` differs above U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = utf8Rank(a.charCodeAt(i)) - utf8Rank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Moves surrogates, which stand for U+10000 and up, behind U+E000–U+FFFF. */
function utf8Rank(unit: number): number {
  if (unit < SURROGATES_START) return unit
  return unit > SURROGATES_END ? unit - 0x800 : unit + 0x2000
}

/**
 * Percent-decodes a path exactly once; `+` stays a plus.
 * @throws StoreError `InvalidObjectName` if a sequence is cut short or is not UTF-8.
 */
export function decodeKey(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new StoreError('InvalidObjectName')
  }
}

/** AWS's URI encoding: encodes everything except `A–Z a–z 0–9 - . _ ~`, and except slashes if `keepSlash` is set. */
export function awsEncode(text: string, keepSlash = false): string {
  const encoded = encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, percentEncode)
  return keepSlash ? encoded.replaceAll('%2F', '/') : encoded
}

const percentEncode = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
