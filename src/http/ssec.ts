import { Buffer } from 'node:buffer'
import { createHash, timingSafeEqual } from 'node:crypto'
import { invalidArgument, StoreError } from '../core/errors.ts'
import type { CustomerKey } from '../core/object.ts'

const ALGORITHM = 'AES256'
const PREFIX = 'server-side-encryption-customer-'

/** Base64 of exactly 32 bytes. */
const KEY = /^[A-Za-z0-9+/]{43}=$/

/**
 * Reads the three headers of a customer's key: the key of the object itself, or that of a copy source.
 * If one header is present, all three are required. An empty header counts as missing.
 * @throws StoreError for the first fault, in R2's order.
 */
export function readCustomerKey(headers: Headers, prefix: '' | 'copy-source-'): CustomerKey | undefined {
  const [algorithm, key, keyMd5] = ['algorithm', 'key', 'key-md5'].map((name) => headers.get(`x-amz-${prefix}${PREFIX}${name}`))
  if (algorithm === null && key === null && keyMd5 === null) return undefined
  if (!key) throw mustProvide('an appropriate secret key')
  if (!keyMd5) throw mustProvide('the client calculated MD5 of the secret key')
  if (!algorithm) throw mustProvide('a valid encryption algorithm')
  if (algorithm !== ALGORITHM) throw new StoreError('InvalidEncryptionAlgorithmError')
  if (!KEY.test(key)) throw invalidArgument('The secret key was invalid for the specified algorithm.')
  return checkedKey(new Uint8Array(Buffer.from(key, 'base64')), keyMd5)
}

const mustProvide = (what: string): StoreError =>
  invalidArgument(`Requests specifying Server Side Encryption with Customer provided keys must provide ${what}.`)

function checkedKey(key: Uint8Array, keyMd5: string): CustomerKey {
  const computed = createHash('md5').update(key).digest('base64')
  if (!equalInConstantTime(computed, keyMd5)) {
    throw invalidArgument('The calculated MD5 hash of the key did not match the hash that was provided.')
  }
  return { key, keyMd5 }
}

function equalInConstantTime(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Returns the response headers that name the customer's key of the request. */
export function ssecHeaders(keyMd5: string): [string, string][] {
  return [
    [`x-amz-${PREFIX}algorithm`, ALGORITHM],
    [`x-amz-${PREFIX}key-MD5`, keyMd5],
  ]
}
