import { describe, expect, test } from 'vitest'
import { check, failure, KEY_ID, KNOWN, NOW, OBJECT_URL, signed, withHeaders, withQuery } from './fixtures.ts'

const invalid = (message: string) => ({ status: 400, code: 'InvalidArgument', message })
const presign = (query = '', headers: Record<string, string> = {}) => signed({ presign: true, url: OBJECT_URL + query, headers })
const SECOND = 1000

describe('a presigned request', () => {
  test('is verified, and its body is not', async () => {
    expect(await check(await presign())).toMatchObject({
      presigned: true,
      payload: { kind: 'unsigned' },
      identity: { accessKeyId: KEY_ID },
    })
  })

  test('is not verified with any parameter changed, added or removed', async () => {
    const request = await presign('?response-content-type=text%2Fplain')
    const changes: Record<string, string | null>[] = [
      { 'response-content-type': 'text/html' },
      { 'response-content-type': null },
      { versionId: '1' },
      { 'X-Amz-Expires': '86401' },
    ]
    for (const change of changes) expect(await failure(check(withQuery(request, change)))).toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  test('is verified with spaces written as +, since that is how they are read', async () => {
    const request = await presign('?response-content-disposition=attachment;%20filename%3D%22a%20b%22')
    expect(request.url).toContain('+')
    await expect(check(request)).resolves.toBeDefined()
  })

  test('cannot have its %2B turned into a + that would be read as a space', async () => {
    const request = await presign('?prefix=a%2Bb')
    const turned = new Request(request.url.replace('a%2Bb', 'a+b'))
    expect(await failure(check(turned))).toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  test('may carry headers that are not signed, but not those that S3 wants signed', async () => {
    await expect(check(withHeaders(await presign(), { 'content-type': 'text/plain', 'cf-ray': 'a' }))).resolves.toBeDefined()
    const more = withHeaders(await presign(), { 'x-amz-meta-a': 'b' })
    expect(await failure(check(more))).toMatchObject({ status: 403, code: 'AccessDenied' })
    await expect(check(more, { strict: true })).resolves.toBeDefined()
  })

  test('does not become a copy of another object by a header that nobody signed', async () => {
    const source = { 'x-amz-copy-source': '/photos/secret.jpg' }
    expect(await failure(check(withHeaders(await presign(), source)))).toMatchObject({ status: 403, code: 'AccessDenied' })
    await expect(check(await presign('', source))).resolves.toBeDefined()
    await expect(check(await presign('?x-amz-copy-source=%2Fphotos%2Fcat.jpg'))).resolves.toBeDefined()
  })

  test('must carry the headers that are signed', async () => {
    const request = await presign('', { 'x-amz-meta-a': 'b' })
    await expect(check(request)).resolves.toBeDefined()
    expect(await failure(check(withHeaders(request, { 'x-amz-meta-a': 'c' })))).toMatchObject({ code: 'SignatureDoesNotMatch' })
    expect(await failure(check(withHeaders(request, { 'x-amz-meta-a': null })))).toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  test('may be dated 15 minutes ahead of the server time, on R2 at any time', async () => {
    await expect(check(await presign(), { now: NOW - 900 * SECOND })).resolves.toBeDefined()
    const early = { status: 403, code: 'AccessDenied', message: 'Request is not yet valid' }
    expect(await failure(check(await presign(), { now: NOW - 901 * SECOND }))).toEqual(early)
    await expect(check(await presign(), { now: NOW - 3600 * SECOND, strict: true })).resolves.toBeDefined()
  })

  test('hands over hoisted headers', async () => {
    const { hoistedHeaders } = await check(await presign('?x-amz-acl=private&x-amz-meta-a=b&X-Amz-Other=c&x-id=PutObject'))
    expect(hoistedHeaders).toEqual([
      ['x-amz-acl', 'private'],
      ['x-amz-meta-a', 'b'],
    ])
  })

  test('is recognised by X-Amz-Credential, in that spelling', async () => {
    const request = new Request(`${OBJECT_URL}?x-amz-credential=a`)
    expect(await failure(check(request))).toEqual(invalid('Authorization'))
  })
})

describe('checks of a presigned request, in R2 order', () => {
  test.each(['X-Amz-Algorithm', 'X-Amz-Signature', 'X-Amz-Date', 'X-Amz-SignedHeaders', 'X-Amz-Expires'])('1: %s missing', async (name) => {
    const request = withQuery(await presign(), { [name]: null, ...(name === 'X-Amz-Algorithm' ? {} : { 'X-Amz-Algorithm': 'other' }) })
    expect(await failure(check(request))).toEqual(invalid(`Required search parameter ${name} missing`))
  })

  test('1: several missing are named in order, with two spaces', async () => {
    const request = new Request(`${OBJECT_URL}?X-Amz-Credential=a&X-Amz-Date=b&X-Amz-SignedHeaders=host`)
    const message = 'Required search parameters X-Amz-Algorithm,  X-Amz-Signature,  X-Amz-Expires missing'
    expect(await failure(check(request))).toEqual(invalid(message))
  })

  test('2: another algorithm', async () => {
    const request = withQuery(await presign(), { 'X-Amz-Algorithm': 'AWS4-ECDSA-P256-SHA256', 'X-Amz-Date': 'bad' })
    expect(await failure(check(request))).toEqual({ status: 400, code: 'InvalidRequest', message: 'Please use AWS4-HMAC-SHA256' })
  })

  test('3: a bad date', async () => {
    const request = withQuery(await presign(), { 'X-Amz-Date': '2026-06-12', 'X-Amz-Credential': 'a' })
    expect(await failure(check(request))).toEqual(invalid("Date provided in X-Amz-Date (2026-06-12) didn't parse successfully"))
  })

  test.each([
    ['', 'Credential sigv4 header should have at least 5 slash-separated parts, not 1'],
    ['a/20200101/mars/ec2/aws5', 'Credential service should be s3, not ec2'],
    ['a/20200101/mars/s3/aws5', 'Credential termination string should be aws4_request, not aws5'],
    ['a/20200101/mars/s3/aws4_request', 'Credential access key has length 1, should be 32'],
    [`${KEY_ID}/20200101/auto/s3/aws4_request`, "Credential signed date 20200101 does not match 20260612 from 'x-amz-date' header"],
  ])('4: the credential "%s"', async (credential, message) => {
    const request = withQuery(await presign(), { 'X-Amz-Credential': credential, 'X-Amz-Expires': 'soon' })
    expect(await failure(check(request))).toEqual(invalid(message))
  })

  test('4: the region', async () => {
    const request = withQuery(await presign(), { 'X-Amz-Credential': `${KEY_ID}/20260612/mars/s3/aws4_request` })
    expect(await failure(check(request))).toMatchObject({ status: 400, code: 'InvalidRegionName' })
  })

  test('4: an unknown key id comes before the expiry', async () => {
    const request = withQuery(await presign(), {
      'X-Amz-Credential': `${'0'.repeat(32)}/20260612/auto/s3/aws4_request`,
      'X-Amz-Expires': 'soon',
    })
    expect(await failure(check(request))).toEqual({ status: 401, code: 'Unauthorized', message: 'Unauthorized' })
  })

  test.each(['', ' ', 'soon', '1h', 'NaN'])('5: X-Amz-Expires "%s"', async (expires) => {
    const request = withQuery(await presign(), { 'X-Amz-Expires': expires })
    expect(await failure(check(request))).toEqual(invalid('X-Amz-Expires should be a number'))
  })

  test.each(['604801', '1e9', 'Infinity'])('6: X-Amz-Expires "%s"', async (expires) => {
    const message = 'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds'
    expect(await failure(check(withQuery(await presign(), { 'X-Amz-Expires': expires })))).toEqual(invalid(message))
  })

  test('6: a week is allowed, to its last moment', async () => {
    const request = await presign('?X-Amz-Expires=604800')
    await expect(check(request, { now: NOW + 604_800 * SECOND })).resolves.toBeDefined()
  })

  const expired = { status: 403, code: 'ExpiredRequest', message: 'Request has expired' }

  test.each(['0', '-1'])('7: X-Amz-Expires "%s"', async (expires) => {
    expect(await failure(check(withQuery(await presign(), { 'X-Amz-Expires': expires })))).toEqual(expired)
  })

  test('7: a request past its life, whatever its signature', async () => {
    const request = withQuery(await presign('?X-Amz-Expires=60'), { 'X-Amz-Signature': 'wrong', 'X-Amz-SignedHeaders': 'date' })
    expect(await failure(check(request, { now: NOW + 60 * SECOND + 1 }))).toEqual(expired)
  })

  test('8: signed headers without host', async () => {
    const request = withQuery(await presign(), { 'X-Amz-SignedHeaders': 'date' })
    expect(await failure(check(request))).toMatchObject({ status: 401, code: 'Unauthorized' })
  })

  test('8: another signature', async () => {
    const request = withQuery(await presign(), { 'X-Amz-Signature': '0'.repeat(64) })
    expect(await failure(check(request))).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
  })

  test('a key that was replaced no longer verifies, although its signing key was cached', async () => {
    const request = await presign()
    await check(request)
    const findSecret = async () => ({ ...KNOWN, secretAccessKey: 'e'.repeat(64) })
    expect(await failure(check(request, { findSecret }))).toMatchObject({ code: 'SignatureDoesNotMatch' })
    await expect(check(request)).resolves.toBeDefined()
  })
})
