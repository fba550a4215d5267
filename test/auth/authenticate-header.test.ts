import { describe, expect, test } from 'vitest'
import {
  AMZ_DATE,
  check,
  failure,
  handSigned,
  KEY_ID,
  KNOWN,
  LEFT_OUT,
  NOW,
  OBJECT_URL,
  signed,
  UNSIGNED,
  withHeaders,
} from './fixtures.ts'

const invalid = (message: string) => ({ status: 400, code: 'InvalidArgument', message })
const MINUTE = 60_000

/** An Authorization header whose credential and fields are as wrong as a test wants them. */
function authorization(credential: string, signedHeaders = 'host;x-amz-date'): string {
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${'0'.repeat(64)}`
}

const scoped = (scope: string) => authorization(`${KEY_ID}/${scope}`)

function unverified(headers: Record<string, string | null>): Request {
  const base = { ...UNSIGNED, 'x-amz-date': AMZ_DATE, authorization: scoped('20260612/auto/s3/aws4_request') }
  return withHeaders(new Request(OBJECT_URL, { headers: base }), headers)
}

describe('a request signed in its headers', () => {
  test('is verified, and says who signed it', async () => {
    const { identity, presigned, hoistedHeaders } = await check(await signed())
    expect(identity).toMatchObject({ accessKeyId: KEY_ID, token: { name: 'test' } })
    expect(presigned).toBe(false)
    expect(hoistedHeaders).toEqual([])
  })

  test.each(['GET', 'HEAD', 'PUT', 'POST', 'DELETE'])('%s verifies', async (method) => {
    await expect(check(await signed({ method }))).resolves.toBeDefined()
  })

  test.each(['', 'auto', 'us-east-1', 'wnam', 'oc'])('region "%s" is accepted', async (region) => {
    // aws4fetch replaces an empty region, so that one is tested with the signature alone.
    if (region !== '') return expect(check(await signed({ region }))).resolves.toBeDefined()
    const request = unverified({ authorization: scoped('20260612//s3/aws4_request') })
    return expect(failure(check(request))).resolves.toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  test.each([
    '?list-type=2&prefix=a%20b%2Fc&delimiter=%2F',
    '?prefix=é ü&empty=&flag',
    "?q=!'()*~-._&z=%2B",
    '?b=2&B=1&a-b=1&a=1&a.b=3',
    '?q=%e2%82%ac',
    '?plus=a+b',
  ])('the query %s verifies', async (query) => {
    await expect(check(await signed({ url: OBJECT_URL + query }))).resolves.toBeDefined()
  })

  test.each(['/photos/a%20b/c%2Bd', '/photos//two//slashes/', '/photos/%E2%82%AC', '/photos/a%252Bb', '/photos/%21%27%28%29%2A'])(
    'the path %s verifies',
    async (path) => {
      await expect(check(await signed({ url: `https://store.example.com${path}` }))).resolves.toBeDefined()
    },
  )

  test('verifies where the path was signed in the AWS encoding but sent in another, as aws4fetch does, unless strict', async () => {
    const request = await signed({ url: "https://store.example.com/photos/cat(1)!*'.jpg" })
    await expect(check(request)).resolves.toBeDefined()
    expect(await failure(check(request, { strict: true }))).toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  test('does not verify with a + in the path signed as a space, which is another key', async () => {
    const request = await signed({ url: 'https://store.example.com/photos/a+b' })
    expect(await failure(check(request))).toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  test('verifies with headers of odd spacing', async () => {
    const request = await signed({ headers: { ...UNSIGNED, 'x-amz-meta-a': '  one   two  ' } })
    await expect(check(request)).resolves.toBeDefined()
  })

  test('uses the header when the query is presigned too', async () => {
    const presigned = await signed({ presign: true })
    const both = await signed({ url: presigned.url, headers: UNSIGNED })
    await expect(check(both)).resolves.toMatchObject({ presigned: false })
  })
})

describe('checks of a request signed in its headers, in R2 order', () => {
  test('0: no authentication at all', async () => {
    expect(await failure(check(new Request(OBJECT_URL)))).toEqual(invalid('Authorization'))
  })

  test('1: no x-amz-content-sha256, whatever else is missing', async () => {
    const request = unverified({ 'x-amz-content-sha256': null, 'x-amz-date': null, authorization: 'Basic abc' })
    expect(await failure(check(request))).toEqual({ status: 400, code: 'InvalidRequest', message: 'Missing x-amz-content-sha256' })
  })

  test('2: no date', async () => {
    const request = unverified({ 'x-amz-date': null, authorization: 'Basic abc' })
    expect(await failure(check(request))).toEqual(invalid('No date provided in x-amz-date nor date header'))
  })

  test.each(['', 'Fri, 12 Jun 2026 10:00:00 GMT', '2026-06-12T10:00:00Z', '20260612T100000', '20260631T100000Z', '20260612T250000Z'])(
    '3: the x-amz-date "%s" is refused',
    async (date) => {
      const request = unverified({ 'x-amz-date': date, authorization: 'Basic abc' })
      expect(await failure(check(request))).toEqual(invalid(`Date provided in 'x-amz-date' header (${date}) didn't parse successfully`))
    },
  )

  test('3: an RFC 1123 date header is refused under its own name in strict mode', async () => {
    const date = 'Fri, 12 Jun 2026 10:00:00 GMT'
    const request = unverified({ 'x-amz-date': null, date })
    expect(await failure(check(request, { strict: true }))).toEqual(
      invalid(`Date provided in 'date' header (${date}) didn't parse successfully`),
    )
  })

  test('3: the date header does where it is written like x-amz-date', async () => {
    const request = unverified({ 'x-amz-date': null, date: AMZ_DATE })
    expect(await failure(check(request))).toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  test.each([
    'Fri, 12 Jun 2026 10:00:00 -0000',
    'Fri, 12 Jun 2026 12:00:00 +0200',
    '12 Jun 2026 05:30:00 -0430',
    'Fri, 12 Jun 2026 10:00:00 GMT',
  ])('3: the date header "%s" does where there is no x-amz-date, as botocore sends it', async (date) => {
    await expect(check(handSigned({ headers: { date, 'x-amz-date': LEFT_OUT } }))).resolves.toBeDefined()
  })

  test.each(['Fri, 31 Jun 2026 10:00:00 GMT', 'Fri, 12 Jun 2026 10:00:00 CEST', 'Fri, 12 Jun 2026 10:00:00 +2400', 'soon', ''])(
    '3: the date header "%s" does not, and refuses nothing beside an x-amz-date',
    async (date) => {
      const message = `Date provided in 'date' header (${date}) didn't parse successfully`
      expect(await failure(check(handSigned({ headers: { date, 'x-amz-date': LEFT_OUT } })))).toEqual(invalid(message))
      await expect(check(handSigned({ headers: { date } }))).resolves.toBeDefined()
      await expect(check(handSigned({ underway: { date } }))).resolves.toBeDefined()
    },
  )

  test.each([15 * MINUTE + 1, -15 * MINUTE - 1])('4: a clock that is %d ms off', async (skew) => {
    const expected = { status: 403, code: 'RequestTimeTooSkewed' }
    expect(await failure(check(unverified({ authorization: 'Basic abc' }), { now: NOW + skew }))).toMatchObject(expected)
  })

  test.each([15 * MINUTE, -15 * MINUTE])('4: a clock that is %d ms off will do', async (skew) => {
    await expect(check(await signed(), { now: NOW + skew })).resolves.toBeDefined()
  })

  test.each([
    'Basic abc',
    '',
    'AWS4-HMAC-SHA256',
    'AWS4-ECDSA-P256-SHA256 Credential=a/b, SignedHeaders=host, Signature=0',
    'AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0',
    'AWS4-HMAC-SHA256 Credential=a/b, Signature=0',
    'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host',
  ])('5: Authorization "%s"', async (header) => {
    const expected = { status: 400, code: 'InvalidRequest', message: 'Please use AWS4-HMAC-SHA256' }
    expect(await failure(check(unverified({ authorization: header })))).toEqual(expected)
  })

  test.each([
    ['', 1],
    ['a/b/c/s3', 4],
  ])('6: the credential "%s" is too short', async (credential, count) => {
    const message = `Credential sigv4 header should have at least 5 slash-separated parts, not ${count}`
    expect(await failure(check(unverified({ authorization: authorization(credential) })))).toEqual(invalid(message))
  })

  test.each([
    ['7: the service', 'short/20200101/nowhere/ec2/aws5', 'Credential service should be s3, not ec2'],
    ['8: the terminator', 'short/20200101/nowhere/s3/aws5', 'Credential termination string should be aws4_request, not aws5'],
    ['9: the length of the key id', 'short/20200101/nowhere/s3/aws4_request', 'Credential access key has length 5, should be 32'],
    ['9: slashes count to the key id', 'a/b/20200101/nowhere/s3/aws4_request', 'Credential access key has length 3, should be 32'],
  ])('%s', async (_, credential, message) => {
    expect(await failure(check(unverified({ authorization: authorization(credential) })))).toEqual(invalid(message))
  })

  test('10: the region', async () => {
    expect(await failure(check(unverified({ authorization: scoped('20200101/mars/s3/aws4_request') })))).toEqual({
      status: 400,
      code: 'InvalidRegionName',
      message: "The region name 'mars' is not valid. Must be one of: wnam, enam, weur, eeur, apac, oc, auto",
    })
  })

  test('11: the date of the credential', async () => {
    const request = unverified({ authorization: authorization(`${'0'.repeat(32)}/20200101/auto/s3/aws4_request`) })
    const message = "Credential signed date 20200101 does not match 20260612 from 'x-amz-date' header"
    expect(await failure(check(request))).toEqual(invalid(message))
  })

  const unauthorized = { status: 401, code: 'Unauthorized', message: 'Unauthorized' }

  test('12: an unknown key id', async () => {
    expect(await failure(check(await signed({ keyId: '0'.repeat(32) })))).toEqual(unauthorized)
  })

  test.each([{ expiresMs: NOW }, { notBeforeMs: NOW + 1 }])('12: a token outside its life (%o) is as good as unknown', async (life) => {
    const findSecret = async () => ({ ...KNOWN, token: { ...KNOWN.token, ...life } })
    expect(await failure(check(await signed(), { findSecret }))).toEqual(unauthorized)
  })

  test('13: signed headers without host', async () => {
    const request = unverified({ authorization: authorization(`${KEY_ID}/20260612/auto/s3/aws4_request`, 'x-amz-date') })
    expect(await failure(check(request))).toEqual(unauthorized)
  })

  test('14: another secret', async () => {
    const message =
      'The request signature we calculated does not match the signature you provided. Check your secret access key and signing method.'
    const expected = { status: 403, code: 'SignatureDoesNotMatch', message }
    expect(await failure(check(await signed({ secret: 'f'.repeat(64) })))).toEqual(expected)
  })
})
