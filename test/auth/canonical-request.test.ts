import { describe, expect, test } from 'vitest'
import { canonicalHash, canonicalPaths, canonicalQuery } from '../../src/auth/canonical-request.ts'
import type { Credential } from '../../src/auth/credential.ts'
import { sign, signingKey, stringToSign } from '../../src/auth/signature.ts'

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const SCOPE = '20130524/us-east-1/s3/aws4_request'
const CREDENTIAL: Credential = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', date: '20130524', region: 'us-east-1', scope: SCOPE }

interface Example {
  method?: string
  path: string
  headers?: Record<string, string>
  payloadHash?: string
  presigned?: boolean
}

/** The signature of a request of AWS's documentation. */
function exampleSignature({ method = 'GET', path, headers = {}, payloadHash = EMPTY_SHA256, presigned = false }: Example): string {
  const all: Record<string, string> = { host: 'examplebucket.s3.amazonaws.com', ...headers }
  if (!presigned) Object.assign(all, { 'x-amz-content-sha256': payloadHash, 'x-amz-date': '20130524T000000Z' })
  const url = new URL(`https://examplebucket.s3.amazonaws.com${path}`)
  const signedHeaders = Object.keys(all).sort()
  const hash = canonicalHash({
    method,
    path: url.pathname,
    query: canonicalQuery(url.search, presigned),
    signedHeaders,
    values: signedHeaders.map((name) => all[name] ?? ''),
    payloadHash,
  })
  const key = signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', CREDENTIAL)
  return sign(key, stringToSign({ amzDate: '20130524T000000Z', scope: SCOPE, canonicalHash: hash }))
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html
const PRESIGNED_QUERY =
  'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
  '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host'

test.each<[string, Example, string]>([
  [
    'GET object',
    { path: '/test.txt', headers: { range: 'bytes=0-9' } },
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'PUT object',
    {
      method: 'PUT',
      path: '/test%24file.text',
      headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      payloadHash: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    },
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  ['GET bucket lifecycle', { path: '/?lifecycle' }, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ['list objects', { path: '/?max-keys=2&prefix=J' }, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  [
    'presigned GET',
    { path: `/test.txt?${PRESIGNED_QUERY}&X-Amz-Signature=abc`, presigned: true, payloadHash: 'UNSIGNED-PAYLOAD' },
    'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  ],
])('the AWS example "%s" has the documented signature', (_, example, signature) => {
  expect(exampleSignature(example)).toBe(signature)
})

describe('the canonical query', () => {
  test.each([
    ['', ''],
    ['?', ''],
    ['?&&a', 'a='],
    ['?b=1&a=2', 'a=2&b=1'],
    ['?a=2&a=1&a', 'a=&a=1&a=2'],
    ['?a=b=c', 'a=b%3Dc'],
    ['?a-b=1&a=2', 'a=2&a-b=1'],
    ['?a=%7e%2f%41', 'a=~%2FA'],
    ["?a=!'()*", 'a=%21%27%28%29%2A'],
    ['?a=é', 'a=%C3%A9'],
    ['?a=x+y', 'a=x%20y'],
    ['?a=x%2by', 'a=x%2By'],
    // Not UTF-8, and not an escape at all.
    ['?a=%ff', 'a=%FF'],
    ['?a=100%', 'a=100%25'],
  ])('of %s is %s', (search, canonical) => {
    expect(canonicalQuery(search, false)).toBe(canonical)
  })

  test('keeps X-Amz-Signature unless the request is presigned', () => {
    expect(canonicalQuery('?X-Amz-Signature=1&a=2', false)).toBe('X-Amz-Signature=1&a=2')
    expect(canonicalQuery('?X-Amz-Signature=1&a=2', true)).toBe('a=2')
  })
})

describe('the canonical path', () => {
  test('is the path as sent, else the same path in the AWS encoding', () => {
    expect(canonicalPaths("/a/b(1)+'%7e%2f%ff", false)).toEqual(["/a/b(1)+'%7e%2f%ff", '/a/b%281%29%2B%27~%2F%FF'])
    expect(canonicalPaths('/a/b%20c', false)).toEqual(['/a/b%20c'])
  })

  test('is nothing but the path as sent in strict mode', () => {
    expect(canonicalPaths('/a(1)', true)).toEqual(['/a(1)'])
  })
})
