import { describe, expect, test } from 'vitest'
import type { StoreError } from '../../src/core/errors.ts'
import { AMZ_DATE, check, failure, handSigned, KEY_ID, SECRET_KEY, signed, UNSIGNED, withHeaders, withQuery } from './fixtures.ts'

const withPayload = (value: string) => signed({ method: 'PUT', headers: { 'x-amz-content-sha256': value } })
const mismatch = { status: 403, code: 'SignatureDoesNotMatch' }

describe('x-amz-content-sha256', () => {
  const hash = 'ab'.repeat(32)

  test.each([
    ['UNSIGNED-PAYLOAD', { kind: 'unsigned' }],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { kind: 'unsigned-trailer' }],
    [hash, { kind: 'hash', sha256: hash }],
    [hash.toUpperCase(), { kind: 'verbatim' }],
    ['anything', { kind: 'verbatim' }],
  ])('%s', async (value, payload) => {
    expect((await check(await withPayload(value))).payload).toEqual(payload)
  })

  test.each([
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', false],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', true],
  ])('%s hands over what its chunks are verified with', async (value, trailer) => {
    const request = await withPayload(value)
    const { payload } = await check(request)
    expect(payload).toMatchObject({ kind: 'signed-chunks', trailer, amzDate: AMZ_DATE, scope: '20260612/auto/s3/aws4_request' })
    expect(request.headers.get('authorization')).toContain((payload as { seedSignature: string }).seedSignature)
  })

  test.each(['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'])(
    '%s is not implemented in strict mode, once the signature is verified',
    async (value) => {
      const expected = { status: 501, code: 'NotImplemented', message: `${value} not implemented` }
      expect(await failure(check(await withPayload(value), { strict: true }))).toEqual(expected)
      const forged = await signed({ headers: { 'x-amz-content-sha256': value }, secret: 'wrong' })
      expect(await failure(check(forged, { strict: true }))).toMatchObject(mismatch)
    },
  )

  test('streaming forms that cannot be decoded are refused rather than stored with their framing', async () => {
    const value = 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD'
    expect(await failure(check(await withPayload(value)))).toMatchObject({ status: 501, message: `${value} not implemented` })
    const presigned = withHeaders(await signed({ presign: true, method: 'PUT' }), {
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    })
    expect(await failure(check(presigned))).toMatchObject({ status: 501 })
  })

  test('a presigned request may have a body in unsigned chunks', async () => {
    const request = withHeaders(await signed({ presign: true, method: 'PUT' }), {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    })
    expect((await check(request)).payload).toEqual({ kind: 'unsigned-trailer' })
  })
})

describe('a session token', () => {
  const refused = { status: 400, code: 'InvalidArgument', message: 'X-Amz-Security-Token' }

  test('of a long-lived key is refused after the signature check', async () => {
    const headers = { ...UNSIGNED, 'x-amz-security-token': 'abc' }
    expect(await failure(check(await signed({ headers })))).toEqual(refused)
    expect(await failure(check(await signed({ headers, secret: 'wrong' })))).toMatchObject(mismatch)
  })

  test.each(['X-Amz-Security-Token', 'x-amz-security-token'])('is refused in a presigned query as %s', async (name) => {
    const request = await signed({ presign: true, url: `https://store.example.com/photos?${name}=abc` })
    expect(await failure(check(request))).toEqual(refused)
  })

  test('in the query of a request signed in its headers means nothing', async () => {
    await expect(check(await signed({ url: 'https://store.example.com/photos?X-Amz-Security-Token=abc' }))).resolves.toBeDefined()
  })
})

describe('a signed Accept-Encoding', () => {
  const signedWith = (value: string) => signed({ headers: { ...UNSIGNED, 'accept-encoding': value } })

  test.each(['identity', 'gzip', ''])('verifies although the edge rewrote "%s"', async (value) => {
    const request = withHeaders(await signedWith(value), { 'accept-encoding': 'br, gzip' })
    await expect(check(request)).resolves.toBeDefined()
  })

  test('verifies as it arrived, and as the edge remembers it', async () => {
    await expect(check(await signedWith('zstd'))).resolves.toBeDefined()
    const request = withHeaders(await signedWith('zstd, br'), { 'accept-encoding': 'gzip' })
    await expect(check(request, { clientAcceptEncoding: () => 'zstd, br' })).resolves.toBeDefined()
  })

  test('does not verify with any other value', async () => {
    const request = withHeaders(await signedWith('zstd'), { 'accept-encoding': 'gzip' })
    expect(await failure(check(request, { clientAcceptEncoding: () => 'deflate' }))).toMatchObject(mismatch)
  })
})

describe('signed headers', () => {
  test('that were sent more than once verify joined with a bare comma', async () => {
    const request = await signed({ headers: { ...UNSIGNED, 'x-amz-meta-a': 'one,two' } })
    const headers = new Headers(request.headers)
    headers.delete('x-amz-meta-a')
    headers.append('x-amz-meta-a', 'one')
    headers.append('x-amz-meta-a', 'two')
    await expect(check(new Request(request, { headers }))).resolves.toBeDefined()
  })

  test('may contain a comma and a space', async () => {
    await expect(check(await signed({ headers: { ...UNSIGNED, 'x-amz-meta-a': 'one, two' } }))).resolves.toBeDefined()
  })

  test('do not verify when a value changed', async () => {
    const request = await signed({ headers: { ...UNSIGNED, 'x-amz-meta-a': 'one' } })
    expect(await failure(check(withHeaders(request, { 'x-amz-meta-a': 'two' })))).toMatchObject(mismatch)
  })

  test('with impossible names are empty, not a crash', async () => {
    const request = await signed()
    const authorization = request.headers.get('authorization')?.replace('host;', 'host;a b;(c);;') ?? ''
    expect(await failure(check(withHeaders(request, { authorization })))).toMatchObject(mismatch)
  })
})

describe('signed headers that a proxy keeps for itself', () => {
  test.each(['GET', 'HEAD', 'DELETE', 'PUT'])('content-length: 0 of a %s without a body', async (method) => {
    const request = handSigned({ method, headers: { 'content-length': '0' }, underway: { 'content-length': null } })
    await expect(check(request)).resolves.toBeDefined()
  })

  test('expect: 100-continue, also together with the others', async () => {
    const headers = { expect: '100-continue', 'content-length': '0', 'accept-encoding': 'identity', 'x-amz-meta-a': 'one,two' }
    const underway = { expect: null, 'content-length': null, 'accept-encoding': 'gzip', 'x-amz-meta-a': 'one, two' }
    await expect(check(handSigned({ headers, underway }))).resolves.toBeDefined()
  })

  test('do not verify where their value is not certain', async () => {
    const lost = { 'content-length': null }
    expect(await failure(check(handSigned({ headers: { 'content-length': '1' }, underway: lost })))).toMatchObject(mismatch)
    const put = handSigned({ method: 'PUT', body: 'x', headers: { 'content-length': '0' }, underway: lost })
    expect(await failure(check(put))).toMatchObject(mismatch)
    expect(await failure(check(handSigned({ headers: { te: 'trailers' }, underway: { te: null } })))).toMatchObject(mismatch)
  })

  test('verify as empty where the client had nothing to send, as on R2', async () => {
    await expect(check(handSigned({ headers: { 'content-type': '' }, underway: { 'content-type': null } }))).resolves.toBeDefined()
  })
})

describe('an empty header', () => {
  test('x-amz-security-token is none, in a header and in a URL', async () => {
    await expect(check(await signed({ headers: { ...UNSIGNED, 'x-amz-security-token': '' } }))).resolves.toBeDefined()
    const presigned = await signed({ presign: true, url: 'https://store.example.com/photos?X-Amz-Security-Token=' })
    await expect(check(presigned)).resolves.toBeDefined()
  })

  test('Authorization beside a presigned URL is none', async () => {
    await expect(check(withHeaders(await signed({ presign: true }), { authorization: '' }))).resolves.toMatchObject({ presigned: true })
  })

  test('x-amz-content-sha256 is missing', async () => {
    const request = withHeaders(await signed(), { 'x-amz-content-sha256': '' })
    expect(await failure(check(request))).toMatchObject({ message: 'Missing x-amz-content-sha256' })
  })
})

describe('Signature Version 2', () => {
  const old = { status: 401, code: 'Unauthorized', message: 'SigV2 authorization is not supported. Please use SigV4 instead.' }

  test('in a header or a query is refused with a word of its own', async () => {
    const header = new Request('https://store.example.com/photos/a', { headers: { authorization: `AWS ${KEY_ID}:c2lnbmF0dXJl` } })
    expect(await failure(check(header))).toEqual(old)
    const query = `AWSAccessKeyId=${KEY_ID}&Expires=1781258400&Signature=c2lnbmF0dXJl`
    expect(await failure(check(new Request(`https://store.example.com/photos/a?${query}`)))).toEqual(old)
  })

  test('beside Version 4 is not looked at', async () => {
    const more = { AWSAccessKeyId: 'a', Signature: 'b' }
    await expect(check(await signed({ url: 'https://store.example.com/a?AWSAccessKeyId=a&Signature=b' }))).resolves.toBeDefined()
    expect(await failure(check(withQuery(await signed({ presign: true }), more)))).toMatchObject(mismatch)
  })
})

describe('a key with dot segments', () => {
  test.each(['/photos/../secret', '/photos/a/./b', '/photos/%2e%2E/b', '/photos/a/..'])('is named as the cause: %s', async (path) => {
    const request = handSigned({ url: `https://store.example.com${path}` })
    const refused = { status: 400, code: 'InvalidObjectName', message: expect.stringContaining('the segments "." and ".."') }
    expect(await failure(check(request))).toEqual(refused)
    expect(await failure(check(request, { strict: true }))).toMatchObject(mismatch)
  })

  test('is not, where the signature is wrong anyhow', async () => {
    const request = handSigned({
      url: 'https://store.example.com/photos/../b',
      headers: { 'x-amz-meta-a': 'b' },
      underway: { 'x-amz-meta-a': 'c' },
    })
    expect(await failure(check(request))).toMatchObject(mismatch)
  })

  test('verifies as the path that it resolves to, where the client signed that one', async () => {
    const resolved = handSigned({ url: 'https://store.example.com/b' })
    const sent = Object.defineProperty(new Request(resolved), 'url', { value: 'https://store.example.com/photos/../b' })
    await expect(check(sent)).resolves.toBeDefined()
  })
})

test('a signature mismatch shows what was signed, in R2 order, and nothing secret', async () => {
  const request = await signed({ url: 'https://store.example.com/a?b=c', secret: 'wrong' })
  const error: StoreError = await check(request).catch((thrown) => thrown)
  const fields = error.detail.fields ?? {}
  expect(Object.keys(fields)).toEqual([
    'StringToSign',
    'StringToSignBytes',
    'CanonicalRequest',
    'CanonicalRequestBytes',
    'SignatureProvided',
  ])
  expect(fields.StringToSign).toMatch(/^AWS4-HMAC-SHA256\n20260612T100000Z\n20260612\/auto\/s3\/aws4_request\n[\da-f]{64}$/)
  expect(fields.StringToSignBytes).toMatch(/^41 57 53 34 2d 48/)
  expect(fields.CanonicalRequest).toMatch(/^GET\n\/a\nb=c\nhost:store\.example\.com\n/)
  expect(fields.CanonicalRequestBytes).toMatch(/^47 45 54 0a 2f 61 0a/)
  expect(request.headers.get('authorization')).toContain(fields.SignatureProvided)
  const right = (await signed({ url: 'https://store.example.com/a?b=c' })).headers.get('authorization')?.slice(-64) ?? ''
  expect(JSON.stringify(fields)).not.toContain(right)
  expect(JSON.stringify(fields)).not.toContain(SECRET_KEY)
})
