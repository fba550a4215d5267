import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readCustomerKey, ssecHeaders } from '../../src/http/ssec.ts'

const bytes = Buffer.alloc(32, 7)
const key = bytes.toString('base64')
const md5 = createHash('md5').update(bytes).digest('base64')

interface Triple {
  readonly algorithm?: string
  readonly key?: string
  readonly md5?: string
}

function triple({ algorithm, key, md5 }: Triple, prefix = ''): Headers {
  const headers = new Headers()
  const name = `x-amz-${prefix}server-side-encryption-customer-`
  if (algorithm !== undefined) headers.set(`${name}algorithm`, algorithm)
  if (key !== undefined) headers.set(`${name}key`, key)
  if (md5 !== undefined) headers.set(`${name}key-MD5`, md5)
  return headers
}

describe.each(['', 'copy-source-'] as const)('the triple x-amz-%sserver-side-encryption-customer-*', (prefix) => {
  test('none of the three is no key', () => expect(readCustomerKey(new Headers(), prefix)).toBeUndefined())

  test('gives the key and its MD5', () => {
    expect(readCustomerKey(triple({ algorithm: 'AES256', key, md5 }, prefix), prefix)).toEqual({ key: new Uint8Array(bytes), keyMd5: md5 })
  })
})

test('the triple of the source is not the triple of the object', () => {
  expect(readCustomerKey(triple({ algorithm: 'AES256', key, md5 }, 'copy-source-'), '')).toBeUndefined()
})

const MUST = 'Requests specifying Server Side Encryption with Customer provided keys must provide'

test.each<[string, Triple, string, string]>([
  ['only an algorithm', { algorithm: 'AES256' }, 'InvalidArgument', `${MUST} an appropriate secret key.`],
  ['an empty algorithm', { algorithm: '' }, 'InvalidArgument', `${MUST} an appropriate secret key.`],
  ['no key', { algorithm: 'DES', md5 }, 'InvalidArgument', `${MUST} an appropriate secret key.`],
  ['no MD5', { algorithm: 'DES', key }, 'InvalidArgument', `${MUST} the client calculated MD5 of the secret key.`],
  ['no algorithm', { key: 'bad', md5 }, 'InvalidArgument', `${MUST} a valid encryption algorithm.`],
  [
    'another algorithm',
    { algorithm: 'aes256', key: 'bad', md5 },
    'InvalidEncryptionAlgorithmError',
    'The encryption request that you specified is not valid. The valid value is AES256.',
  ],
  [
    'a key that is not base64',
    { algorithm: 'AES256', key: '*'.repeat(44), md5 },
    'InvalidArgument',
    'The secret key was invalid for the specified algorithm.',
  ],
  [
    'a key of 31 bytes',
    { algorithm: 'AES256', key: Buffer.alloc(31).toString('base64'), md5 },
    'InvalidArgument',
    'The secret key was invalid for the specified algorithm.',
  ],
  [
    'a key of 33 bytes',
    { algorithm: 'AES256', key: Buffer.alloc(33).toString('base64'), md5 },
    'InvalidArgument',
    'The secret key was invalid for the specified algorithm.',
  ],
  [
    'the MD5 of another key',
    { algorithm: 'AES256', key, md5: Buffer.alloc(16).toString('base64') },
    'InvalidArgument',
    'The calculated MD5 hash of the key did not match the hash that was provided.',
  ],
  [
    'an MD5 of another length',
    { algorithm: 'AES256', key, md5: 'x' },
    'InvalidArgument',
    'The calculated MD5 hash of the key did not match the hash that was provided.',
  ],
  [
    'an MD5 that is not ASCII',
    { algorithm: 'AES256', key, md5: 'é' },
    'InvalidArgument',
    'The calculated MD5 hash of the key did not match the hash that was provided.',
  ],
])('%s is refused', (_, headers, code, message) => {
  expect(() => readCustomerKey(triple(headers), '')).toThrow(expect.objectContaining({ code, message, status: 400 }))
})

test('answers echo the algorithm and the MD5, never the key', () => {
  expect(ssecHeaders(md5)).toEqual([
    ['x-amz-server-side-encryption-customer-algorithm', 'AES256'],
    ['x-amz-server-side-encryption-customer-key-MD5', md5],
  ])
})
