import { crc32 } from 'node:zlib'
import { GetObjectCommand, HeadBucketCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { Client as MinioClient } from 'minio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { emptyBucket, s3Client, signedFetch, uniqueName } from './support/clients.ts'
import { amzDateOf, hmac, presign, type Signed, sha256, signHeaders, type ToPresign, type ToSign } from './support/sigv4.ts'
import { refusal, send, sendSigned, textsOf, unescapeXml } from './support/wire.ts'

const bucket = uniqueName('auth')
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ago = (ms: number) => new Date(Date.now() - ms)
const today = () => amzDateOf(new Date()).slice(0, 8)

const UNAUTHORIZED = [401, 'Unauthorized', 'Unauthorized'] as const
const EXPIRED = [403, 'ExpiredRequest', 'Request has expired'] as const
const SKEWED = [403, 'RequestTimeTooSkewed', "The difference between the request time and the server's time is too large."] as const
const VERSION_2 = [401, 'Unauthorized', 'SigV2 authorization is not supported. Please use SigV4 instead.'] as const
const ALGORITHM = [400, 'InvalidRequest', 'Please use AWS4-HMAC-SHA256'] as const
const MISMATCH_TEXT =
  'The request signature we calculated does not match the signature you provided. Check your secret access key and signing method.'
const MISMATCH = [403, 'SignatureDoesNotMatch', MISMATCH_TEXT] as const
const WRONG_HASH = [
  400,
  'XAmzContentSHA256Mismatch',
  "The provided 'x-amz-content-sha256' header does not match what was computed.",
] as const
const invalid = (message: string) => [400, 'InvalidArgument', message] as const

beforeAll(async () => {
  expect((await signedFetch('PUT', `/${bucket}`)).status).toBe(200)
})
afterAll(async () => {
  await emptyBucket(s3Client(), bucket)
  await signedFetch('DELETE', `/${bucket}`)
})

const put = (key: string, body: string) => signedFetch('PUT', `/${bucket}/${key}`, { body })
const read = async (key: string) => (await signedFetch('GET', `/${bucket}/${key}`)).text()
const exists = async (key: string) => (await signedFetch('HEAD', `/${bucket}/${key}`)).status === 200

/** Signed, then changed: a header set to null is taken out. */
async function attempt(toSign: ToSign, change: Record<string, string | null> = {}) {
  const { headers } = signHeaders(toSign)
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete headers[name]
    else headers[name] = value
  }
  return send(toSign.target ?? '/', { method: toSign.method, headers })
}

describe('the official clients', () => {
  test('@aws-sdk/client-s3 signs with any credential it is given', async () => {
    const { Buckets } = await s3Client().send(new ListBucketsCommand({}))
    expect(Buckets!.map(({ Name }) => Name)).toContain(bucket)
  })

  test('minio signs in the header and in the query', async () => {
    const { endpoint, accessKeyId: accessKey, secretAccessKey: secretKey } = inject('server')
    const { hostname: endPoint, port } = new URL(endpoint)
    const minio = new MinioClient({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey, region: 'auto', pathStyle: true })
    await minio.putObject(bucket, 'minio.txt', 'from minio')
    expect(await read('minio.txt')).toBe('from minio')
    expect(await (await fetch(await minio.presignedGetObject(bucket, 'minio.txt', 60))).text()).toBe('from minio')
    const uploaded = await fetch(await minio.presignedPutObject(bucket, 'minio2.txt', 60), { method: 'PUT', body: 'by URL' })
    expect(uploaded.status).toBe(200)
    expect(await read('minio2.txt')).toBe('by URL')
  })

  test('a wrong secret is refused with the SDK error of that name', async () => {
    const { accessKeyId } = inject('server')
    const s3 = s3Client({ credentials: { accessKeyId, secretAccessKey: 'f'.repeat(64) } })
    await expect(s3.send(new ListBucketsCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
      $metadata: { httpStatusCode: 403 },
    })
  })
})

describe('regions', () => {
  test.each(['auto', '', 'us-east-1', 'wnam', 'enam', 'weur', 'eeur', 'apac', 'oc'])('the region "%s" is accepted', async (region) => {
    expect((await sendSigned('/', { region })).status).toBe(200)
  })

  test.each(['us-west-2', 'AUTO', 'eu', 'fedramp', 'a b'])('the region "%s" is not', async (region) => {
    const message = `The region name '${region}' is not valid. Must be one of: wnam, enam, weur, eeur, apac, oc, auto`
    expect(refusal(await sendSigned('/', { region }))).toEqual([400, 'InvalidRegionName', message])
    expect(refusal(await send(presign({ region })))).toEqual([400, 'InvalidRegionName', message])
  })

  test.each(['', 'us-east-1', 'weur'])('a presigned URL may say "%s" as well', async (region) => {
    expect((await send(presign({ region }))).status).toBe(200)
  })

  test('the region that was signed is the one that counts', async () => {
    const { headers } = signHeaders({ region: 'auto' })
    headers.authorization = headers.authorization!.replace('/auto/', '/us-east-1/')
    expect(refusal(await send('/', { headers }))).toEqual(MISMATCH)
  })
})

describe('header authentication, check by check', () => {
  const scope = () => `${inject('server').accessKeyId}/${today()}/auto/s3/aws4_request`
  const authorization = (text: string) => ({ authorization: text })

  test.each<[string, () => Promise<Awaited<ReturnType<typeof send>>>, readonly [number, string, string]]>([
    ['no authentication at all', () => send('/'), invalid('Authorization')],
    [
      'no x-amz-content-sha256',
      () => attempt({}, { 'x-amz-content-sha256': null }),
      [400, 'InvalidRequest', 'Missing x-amz-content-sha256'],
    ],
    ['no date', () => attempt({}, { 'x-amz-date': null }), invalid('No date provided in x-amz-date nor date header')],
    [
      'an x-amz-date in extended ISO form',
      () => attempt({ amzDate: '2026-06-11T10:20:30Z' }),
      invalid("Date provided in 'x-amz-date' header (2026-06-11T10:20:30Z) didn't parse successfully"),
    ],
    [
      'an x-amz-date in RFC 1123 form',
      () => attempt({ amzDate: 'Thu, 11 Jun 2026 10:20:30 GMT' }),
      invalid("Date provided in 'x-amz-date' header (Thu, 11 Jun 2026 10:20:30 GMT) didn't parse successfully"),
    ],
    [
      'a date header without a zone',
      () => attempt({}, { 'x-amz-date': null, date: 'Thu, 11 Jun 2026 10:20:30' }),
      invalid("Date provided in 'date' header (Thu, 11 Jun 2026 10:20:30) didn't parse successfully"),
    ],
    ['a date header of last June', () => attempt({}, { 'x-amz-date': null, date: 'Thu, 11 Jun 2026 10:20:30 GMT' }), SKEWED],
    [
      'an x-amz-date that no calendar has',
      () => attempt({ amzDate: '20260231T102030Z' }),
      invalid("Date provided in 'x-amz-date' header (20260231T102030Z) didn't parse successfully"),
    ],
    ['a date 16 minutes ago', () => attempt({ at: ago(16 * 60_000) }), SKEWED],
    ['a date 16 minutes ahead', () => attempt({ at: ago(-16 * 60_000) }), SKEWED],
    ['Signature Version 2', () => attempt({}, authorization('AWS AKIA:c2lnbmF0dXJl')), VERSION_2],
    ['Signature Version 4A', () => attempt({}, authorization('AWS4-ECDSA-P256-SHA256 Credential=a, Signature=b')), ALGORITHM],
    ['a bearer token', () => attempt({}, authorization(`Bearer ${inject('server').apiToken}`)), ALGORITHM],
    ['an empty Authorization, which counts as none', () => attempt({}, authorization('')), invalid('Authorization')],
    ['no Credential', () => attempt({}, authorization('AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0')), ALGORITHM],
    ['no SignedHeaders', () => attempt({}, authorization(`AWS4-HMAC-SHA256 Credential=${scope()}, Signature=0`)), ALGORITHM],
    ['no Signature', () => attempt({}, authorization(`AWS4-HMAC-SHA256 Credential=${scope()}, SignedHeaders=host`)), ALGORITHM],
    [
      'a credential of two parts',
      () => attempt({}, authorization('AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0')),
      invalid('Credential sigv4 header should have at least 5 slash-separated parts, not 2'),
    ],
    ['another service', () => attempt({ service: 'ec2' }), invalid('Credential service should be s3, not ec2')],
    [
      'another terminator',
      () => attempt({ terminator: 'aws5_request' }),
      invalid('Credential termination string should be aws4_request, not aws5_request'),
    ],
    [
      'a short key id',
      () => attempt({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }),
      invalid('Credential access key has length 20, should be 32'),
    ],
    ['slashes in the key id', () => attempt({ accessKeyId: 'a/b/c' }), invalid('Credential access key has length 5, should be 32')],
    ['an unknown key id', () => attempt({ accessKeyId: '0'.repeat(32) }), UNAUTHORIZED],
    ['SignedHeaders without host', () => attempt({ signedHeaders: ['x-amz-content-sha256', 'x-amz-date'] }), UNAUTHORIZED],
    ['another secret', () => attempt({ secretAccessKey: '0'.repeat(64) }), MISMATCH],
    ['a header that changed after it was signed', () => attempt({ headers: { 'x-amz-meta-a': '1' } }, { 'x-amz-meta-a': '2' }), MISMATCH],
    ['a signed header that is missing', () => attempt({ headers: { 'x-amz-meta-a': '1' } }, { 'x-amz-meta-a': null }), MISMATCH],
  ])('%s', async (_, act, expected) => {
    expect(refusal(await act())).toEqual(expected)
  })

  test.each<[string, () => ToSign, Record<string, string | null>, string]>([
    [
      'the payload hash comes before the date',
      () => ({}),
      { 'x-amz-content-sha256': null, 'x-amz-date': 'x' },
      'Missing x-amz-content-sha256',
    ],
    ['the skew comes before the algorithm', () => ({ at: ago(DAY_MS) }), { authorization: 'AWS a:b' }, SKEWED[2]],
    ['the service comes before the key id', () => ({ service: 'iam', accessKeyId: 'a' }), {}, 'Credential service should be s3, not iam'],
    [
      'the key id comes before the region',
      () => ({ accessKeyId: 'a', region: 'mars' }),
      {},
      'Credential access key has length 1, should be 32',
    ],
    ['the unknown key comes before host', () => ({ accessKeyId: 'f'.repeat(32), signedHeaders: ['x-amz-date'] }), {}, 'Unauthorized'],
    ['host comes before the signature', () => ({ secretAccessKey: 'x', signedHeaders: ['x-amz-date'] }), {}, 'Unauthorized'],
  ])('%s', async (_, toSign, change, message) => {
    expect(refusal(await attempt(toSign(), change))[2]).toBe(message)
  })

  test('a credential of another day, in the header or in the query', async () => {
    const wrong = (day: string) => invalid(`Credential signed date 20200101 does not match ${day} from 'x-amz-date' header`)
    const at = new Date()
    const day = amzDateOf(at).slice(0, 8)
    expect(refusal(await attempt({ at, scopeDate: '20200101' }))).toEqual(wrong(day))
    expect(refusal(await send(presign({ at, scopeDate: '20200101' })))).toEqual(wrong(day))
  })

  test('14 minutes are not too much, either way', async () => {
    expect((await attempt({ at: ago(14 * 60_000) })).status).toBe(200)
    expect((await attempt({ at: ago(-14 * 60_000) })).status).toBe(200)
  })

  test('the date may be in the date header instead', async () => {
    const amzDate = amzDateOf(new Date())
    const toSign = { amzDate, headers: { date: amzDate }, signedHeaders: ['date', 'host', 'x-amz-content-sha256'] }
    expect((await attempt(toSign, { 'x-amz-date': null })).status).toBe(200)
  })

  test.each(['-0000', 'GMT', '+0000'])('also as mail writes it, with the zone %s, as botocore sends it', async (zone) => {
    const at = new Date()
    const toSign = { at, headers: { date: at.toUTCString().replace('GMT', zone) }, signedHeaders: ['date', 'host', 'x-amz-content-sha256'] }
    expect((await attempt(toSign, { 'x-amz-date': null })).status).toBe(200)
  })

  test('a date header beside x-amz-date is not looked at', async () => {
    for (const date of ['Thu, 11 Jun 2026 10:20:30 -0000', 'yesterday', '']) expect((await attempt({}, { date })).status).toBe(200)
  })

  test.each(['GET', 'HEAD'])('a signed content-length: 0 of a %s may be lost on its way', async (method) => {
    const toSign = { method, target: `/${bucket}`, headers: { 'content-length': '0' } }
    expect((await attempt(toSign, {})).status).toBe(200)
    expect((await attempt(toSign, { 'content-length': null })).status).toBe(200)
  })

  test('Signature Version 2 has a refusal of its own', async () => {
    expect(refusal(await send('/', { headers: { authorization: `AWS ${'a'.repeat(32)}:c2lnbmF0dXJl` } }))).toEqual(VERSION_2)
    expect(refusal(await send(`/${bucket}/a?AWSAccessKeyId=a&Expires=1&Signature=b`))).toEqual(VERSION_2)
  })

  test('an Authorization without spaces between its fields is read all the same', async () => {
    const { headers } = signHeaders()
    expect((await send('/', { headers: { ...headers, authorization: headers.authorization!.replaceAll(', ', ',') } })).status).toBe(200)
  })

  test('SignedHeaders are lowercased before use', async () => {
    const { headers } = signHeaders({ signedHeaders: ['Host', 'X-Amz-Content-SHA256', 'x-amz-date'] })
    expect((await send('/', { headers })).status).toBe(200)
  })

  test('runs of spaces in a signed value count as one', async () => {
    expect((await attempt({ headers: { 'x-amz-meta-a': 'one   two' } })).status).toBe(200)
  })

  test('the header wins over presigned parameters, which are then but a part of the query', async () => {
    const target = presign({ query: { 'X-Amz-Signature': 'nonsense' } })
    expect((await sendSigned(target)).status).toBe(200)
    expect(refusal(await send(presign(), { headers: { authorization: 'AWS a:b', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }))).toEqual(
      invalid('No date provided in x-amz-date nor date header'),
    )
  })

  test('authentication comes before the bucket that does not exist, and before an unknown method', async () => {
    expect(refusal(await send(`/${uniqueName('none')}`))).toEqual(invalid('Authorization'))
    expect(refusal(await send(`/${bucket}/key`, { method: 'PATCH' }))).toEqual(invalid('Authorization'))
  })
})

describe('what is signed', () => {
  test.each([
    ['a space', '/a%20b'],
    ['an encoded slash', '/a%2Fb'],
    ['a double slash', '/a//b'],
    ['a percent sign', '/100%25'],
    ['a plus', '/a+b'],
    ['punctuation as it is', "/it's(1)!*"],
    ['a tilde', '/~user'],
    ['Unicode', '/%E2%98%83'],
    ['lower-case escapes', '/%c3%a9'],
  ])('the path is signed as it is sent: %s', async (_, path) => {
    const target = `/${bucket}${path}`
    expect((await sendSigned(target, { method: 'PUT', body: path })).status).toBe(200)
    expect((await sendSigned(target)).text).toBe(path)
  })

  test.each(['prefix=a%20b', 'prefix=a+b', 'prefix=a/b', 'prefix=%c3%a9', 'prefix=&delimiter', 'max-keys=1&prefix=z&delimiter=%2F'])(
    'the query is decoded and encoded again before it is signed: %s',
    async (query) => expect((await sendSigned(`/${bucket}?${query}`)).status).toBe(200),
  )

  test.each(['identity', 'gzip', 'gzip, deflate, br'])('Accept-Encoding may be signed: %s', async (encoding) => {
    expect((await sendSigned(`/${bucket}`, { headers: { 'accept-encoding': encoding } })).status).toBe(200)
  })

  test('a query that changed after it was signed is refused', async () => {
    const { headers } = signHeaders({ target: `/${bucket}?prefix=a` })
    expect(refusal(await send(`/${bucket}?prefix=b`, { headers }))).toEqual(MISMATCH)
  })

  test('a method that changed after it was signed is refused', async () => {
    await put('kept.txt', 'kept')
    const { headers } = signHeaders({ target: `/${bucket}/kept.txt` })
    expect(refusal(await send(`/${bucket}/kept.txt`, { method: 'DELETE', headers }))).toEqual(MISMATCH)
    expect(await read('kept.txt')).toBe('kept')
  })
})

describe('errors of authentication', () => {
  test('SignatureDoesNotMatch shows what was signed, in bytes too, and no secret', async () => {
    const { headers, key } = signHeaders({ secretAccessKey: '0'.repeat(64), target: '/?max-keys=1' })
    const answer = await send('/?max-keys=1', { headers })
    expect(refusal(answer)).toEqual(MISMATCH)
    const names = [...answer.text.matchAll(/<(\w+)>/g)].map(([, name]) => name)
    expect(names).toEqual([
      'Error',
      'Code',
      'Message',
      'StringToSign',
      'StringToSignBytes',
      'CanonicalRequest',
      'CanonicalRequestBytes',
      'SignatureProvided',
      'RequestId',
    ])
    const text = (name: string) => unescapeXml(/>([^<]*)</.exec(answer.text.slice(answer.text.indexOf(`<${name}>`)))![1]!)
    const canonical = text('CanonicalRequest')
    expect(canonical.split('\n').slice(0, 3)).toEqual(['GET', '/', 'max-keys=1'])
    expect(canonical.split('\n').at(-1)).toBe('UNSIGNED-PAYLOAD')
    const stringToSign = text('StringToSign')
    expect(stringToSign.split('\n')).toEqual([
      'AWS4-HMAC-SHA256',
      headers['x-amz-date'],
      `${today()}/auto/s3/aws4_request`,
      sha256(canonical),
    ])
    expect(Buffer.from(text('StringToSignBytes').replaceAll(' ', ''), 'hex').toString()).toBe(stringToSign)
    expect(text('CanonicalRequestBytes')).toMatch(/^([0-9a-f]{2} )*[0-9a-f]{2}$/)
    expect(Buffer.from(text('CanonicalRequestBytes').replaceAll(' ', ''), 'hex').toString()).toBe(canonical)
    expect(text('SignatureProvided')).toBe(hmac(key, stringToSign).toString('hex'))
  })

  test('no error gives away the secret or the signature that would have been right', async () => {
    const right = signHeaders()
    const { authorization } = right.headers
    const wrong = { ...right.headers, authorization: authorization!.replace(/Signature=.*/, `Signature=${'0'.repeat(64)}`) }
    const answer = await send('/', { headers: wrong })
    expect(refusal(answer)).toEqual(MISMATCH)
    for (const hidden of [inject('server').secretAccessKey, inject('server').apiToken, right.signature]) {
      expect(answer.text).not.toContain(hidden)
    }
  })

  test.each<[string, (headers: Record<string, string>) => Record<string, string>, number]>([
    ['none', () => ({}), 400],
    ['an unknown key', () => signHeaders({ method: 'HEAD', target: `/${bucket}`, accessKeyId: '0'.repeat(32) }).headers, 401],
    ['a wrong signature', (headers) => ({ ...headers, authorization: `${headers.authorization}0` }), 403],
  ])('a HEAD that fails has the status and no body: %s', async (_, change, status) => {
    const answer = await send(`/${bucket}`, {
      method: 'HEAD',
      headers: change(signHeaders({ method: 'HEAD', target: `/${bucket}` }).headers),
    })
    expect(answer).toMatchObject({ status, text: '', headers: { 'content-type': 'application/xml' } })
  })

  test('special characters of a message are escaped', async () => {
    const answer = await attempt({ service: `<a>&"'` })
    expect(answer.text).toContain('<Message>Credential service should be s3, not &lt;a&gt;&amp;&quot;&apos;</Message>')
  })
})

describe('payload hashes', () => {
  const upload = (key: string, body: string, payloadHash: string, headers: Record<string, string> = {}) =>
    sendSigned(`/${bucket}/${key}`, { method: 'PUT', body, payloadHash, headers })

  test('a hash that fits is accepted', async () => {
    expect((await upload('hash.txt', 'hello', sha256('hello'))).status).toBe(200)
    expect(await read('hash.txt')).toBe('hello')
  })

  test.each(['hello', 'x'.repeat(200_000)])('a hash that does not fit stores nothing (%#)', async (body) => {
    const key = uniqueName('tampered')
    expect(refusal(await upload(key, body, sha256('other')))).toEqual(WRONG_HASH)
    expect(await exists(key)).toBe(false)
  })

  test('a hash that does not fit spoils an XML body, too', async () => {
    await put('survivor', 'here')
    const body = '<Delete><Object><Key>survivor</Key></Object></Delete>'
    expect(refusal(await sendSigned(`/${bucket}?delete`, { method: 'POST', body, payloadHash: sha256('') }))).toEqual(WRONG_HASH)
    expect(await exists('survivor')).toBe(true)
  })

  test('UNSIGNED-PAYLOAD checks no body', async () => {
    expect((await upload('unsigned.txt', 'anything', 'UNSIGNED-PAYLOAD')).status).toBe(200)
    expect(await read('unsigned.txt')).toBe('anything')
  })

  test.each(['garbage', 'unsigned-payload', 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855'])(
    'another value is signed as it is and checks no body: %s',
    async (value) => expect((await upload('verbatim.txt', 'v', value)).status).toBe(200),
  )

  test.each(['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER', 'STREAMING-NONSENSE'])(
    'a streaming form that is not decoded stores nothing: %s',
    async (value) => {
      const key = uniqueName('stream')
      expect(refusal(await upload(key, '0\r\n\r\n', value))).toEqual([501, 'NotImplemented', `${value} not implemented`])
      expect(await exists(key)).toBe(false)
    },
  )
})

const crc32Of = (text: string) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(text))
  return bytes.toString('base64')
}

describe('STREAMING-UNSIGNED-PAYLOAD-TRAILER', () => {
  const stream = (key: string, body: string, length: number | string | null, headers: Record<string, string> = {}) =>
    sendSigned(`/${bucket}/${key}`, {
      method: 'PUT',
      body,
      payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: {
        'content-encoding': 'aws-chunked',
        'x-amz-trailer': 'x-amz-checksum-crc32',
        ...(length === null ? {} : { 'x-amz-decoded-content-length': String(length) }),
        ...headers,
      },
    })
  const framed = (checksum = crc32Of('hello world')) => `6\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`

  test('the body is decoded, and its trailing checksum stored', async () => {
    const answer = await stream('trailer.txt', framed(), 11)
    expect(answer.status).toBe(200)
    expect(answer.headers['x-amz-checksum-crc32']).toBe(crc32Of('hello world'))
    const got = await signedFetch('GET', `/${bucket}/trailer.txt`)
    expect(await got.text()).toBe('hello world')
    expect(got.headers.get('content-encoding')).toBeNull()
  })

  test('aws-chunked is taken out of the stored Content-Encoding, other codings stay', async () => {
    await stream('coded.txt', framed(), 11, { 'content-encoding': 'aws-chunked,br' })
    // Asked for as it is stored: the edge decodes for those who do not take it.
    const head = await signedFetch('HEAD', `/${bucket}/coded.txt`, { headers: { 'accept-encoding': 'br' } })
    expect(head.headers.get('content-encoding')).toBe('br')
  })

  const INCOMPLETE = [
    400,
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  ] as const
  const BAD_TRAILER = [
    400,
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  ] as const

  test.each<[string, string, number | null, readonly [number, string, string]]>([
    ['fewer bytes than announced', framed(), 12, INCOMPLETE],
    ['more bytes than announced', framed(), 10, INCOMPLETE],
    ['a body cut within a chunk', '6\r\nhel', 6, INCOMPLETE],
    ['a body cut between chunks', '6\r\nhello \r\n', 11, INCOMPLETE],
    ['a chunk longer than its size', '5\r\nhello world\r\n0\r\n\r\n', 5, INCOMPLETE],
    ['a size that is no number', 'five\r\nhello\r\n0\r\n\r\n', 5, INCOMPLETE],
    ['a negative size', '-5\r\nhello\r\n0\r\n\r\n', 5, INCOMPLETE],
    ['an immense size', 'ffffffffffffffff\r\nhello\r\n0\r\n\r\n', 5, INCOMPLETE],
    ['a trailer without a colon', '5\r\nhello\r\n0\r\nnonsense\r\n\r\n', 5, BAD_TRAILER],
    ['the announced trailer is missing', '5\r\nhello\r\n0\r\n\r\n', 5, BAD_TRAILER],
    [
      'a checksum that does not fit',
      framed('AAAAAA=='),
      11,
      [
        400,
        'BadDigest',
        'The CRC32 checksum you specified did not match what we received.\n' +
          'You provided a CRC32 checksum with value: 00000000\nActual CRC32 was: 0d4a1185',
      ],
    ],
    ['a checksum that is none', framed('nonsense'), 11, [400, 'InvalidDigest', 'The checksum or Content-MD5 you specified is not valid.']],
    ['no decoded length', framed(), null, [411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.']],
  ])('stores nothing: %s', async (_, body, length, expected) => {
    const key = uniqueName('trailer')
    expect(refusal(await stream(key, body, length))).toEqual(expected)
    expect(await exists(key)).toBe(false)
  })
})

describe('signed streaming uploads', () => {
  const PLAIN = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  const TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'

  /** Chains the signatures of the chunks, and of the trailers if there are any. `lie` makes one of them wrong. */
  function frame({ key, amzDate, scope, signature }: Signed, chunks: string[], trailers?: string, lie?: number | 'trailer') {
    let previous = signature
    const chained = (kind: string, ...hashes: string[]) => {
      previous = hmac(key, [`AWS4-HMAC-SHA256-${kind}`, amzDate, scope, previous, ...hashes].join('\n')).toString('hex')
      return previous
    }
    const wrong = '0'.repeat(64)
    const pieces = [...chunks, ''].map((chunk, i) => {
      const right = chained('PAYLOAD', sha256(''), sha256(chunk))
      const head = `${chunk.length.toString(16)};chunk-signature=${lie === i ? wrong : right}\r\n`
      return chunk === '' ? head : `${head}${chunk}\r\n`
    })
    if (trailers === undefined) return `${pieces.join('')}\r\n`
    const right = chained('TRAILER', sha256(`${trailers}\n`))
    return `${pieces.join('')}${trailers}\r\nx-amz-trailer-signature:${lie === 'trailer' ? wrong : right}\r\n\r\n`
  }

  async function stream(key: string, chunks: string[], trailers?: string, lie?: number | 'trailer', mend = (body: string) => body) {
    const target = `/${bucket}/${key}`
    const signed = signHeaders({
      method: 'PUT',
      target,
      payloadHash: trailers === undefined ? PLAIN : TRAILER,
      headers: {
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': String(chunks.join('').length),
        ...(trailers === undefined ? {} : { 'x-amz-trailer': 'x-amz-checksum-crc32' }),
      },
    })
    return send(target, { method: 'PUT', headers: signed.headers, body: mend(frame(signed, chunks, trailers, lie)) })
  }
  const checksum = `x-amz-checksum-crc32:${crc32Of('hello world')}`

  test.each<[string, string[], string | undefined]>([
    ['one chunk', ['hello world'], undefined],
    ['several chunks', ['hello ', 'wor', 'ld'], undefined],
    ['an empty body', [], undefined],
    ['chunks of 64 KiB', ['a'.repeat(65_536), 'b'.repeat(65_536), 'c'.repeat(10)], undefined],
    ['a signed trailer', ['hello ', 'world'], checksum],
  ])('are decoded where every signature is right: %s', async (_, chunks, trailers) => {
    const key = uniqueName('signed')
    expect((await stream(key, chunks, trailers)).status).toBe(200)
    expect(await read(key)).toBe(chunks.join(''))
  })

  test.each<[string, string[], string | undefined, number | 'trailer']>([
    ['the first chunk', ['hello ', 'world'], undefined, 0],
    ['the second chunk', ['hello ', 'world'], undefined, 1],
    ['the last, empty chunk', ['hello ', 'world'], undefined, 2],
    ['a chunk of a large body', ['a'.repeat(65_536), 'b'.repeat(65_536)], undefined, 1],
    ['a chunk before a trailer', ['hello ', 'world'], checksum, 0],
    ['the trailer', ['hello ', 'world'], checksum, 'trailer'],
  ])('store nothing where a signature is wrong: %s', async (_, chunks, trailers, lie) => {
    const key = uniqueName('lie')
    expect(refusal(await stream(key, chunks, trailers, lie))).toEqual(MISMATCH)
    expect(await exists(key)).toBe(false)
  })

  test.each<[string, (body: string) => string, string]>([
    ['data that changed', (body) => body.replace('hello', 'HELLO'), 'SignatureDoesNotMatch'],
    ['chunks that changed places', (body) => body.replace(/^(.*\r\n.*\r\n)(.*\r\n.*\r\n)/, '$2$1'), 'SignatureDoesNotMatch'],
    ['a chunk that was taken out', (body) => body.replace(/^.*\r\n.*\r\n/, ''), 'SignatureDoesNotMatch'],
    ['no signatures', (body) => body.replace(/;chunk-signature=\w+/g, ''), 'SignatureDoesNotMatch'],
    ['no last chunk', (body) => body.replace(/0;chunk.*/s, ''), 'IncompleteBody'],
    ['trailers that were not announced', (body) => `${body.slice(0, -2)}x-amz-checksum-crc32:AAAAAA==\r\n\r\n`, 'MalformedTrailerError'],
  ])('store nothing after tampering: %s', async (_, mend, code) => {
    const key = uniqueName('tampered')
    expect(refusal(await stream(key, ['hello ', 'world'], undefined, undefined, mend))[1]).toBe(code)
    expect(await exists(key)).toBe(false)
  })

  test('a tampered checksum in a signed trailer is refused', async () => {
    const key = uniqueName('tampered')
    const mend = (body: string) => body.replace(/crc32:.*\r/, `crc32:${crc32Of('other')}\r`)
    expect(refusal(await stream(key, ['hello ', 'world'], checksum, undefined, mend))).toEqual(MISMATCH)
    expect(await exists(key)).toBe(false)
  })

  test('a trailer without its signature is refused', async () => {
    const key = uniqueName('tampered')
    const mend = (body: string) => body.replace(/x-amz-trailer-signature:.*\r\n/, '')
    expect(refusal(await stream(key, ['hello ', 'world'], checksum, undefined, mend))[1]).toBe('MalformedTrailerError')
    expect(await exists(key)).toBe(false)
  })
})

describe('presigned URLs, check by check', () => {
  const missing = (...names: string[]) => send(presign({ query: Object.fromEntries(names.map((name) => [name, null])) }))
  const withoutSignature = () => send(presign({}).replace(/&X-Amz-Signature=.*/, ''))

  test.each(['X-Amz-Algorithm', 'X-Amz-Date', 'X-Amz-SignedHeaders', 'X-Amz-Expires'])('%s is missing', async (name) => {
    expect(refusal(await missing(name))).toEqual(invalid(`Required search parameter ${name} missing`))
  })

  test('X-Amz-Signature is missing', async () => {
    expect(refusal(await withoutSignature())).toEqual(invalid('Required search parameter X-Amz-Signature missing'))
  })

  test('several are missing: two spaces after the comma, in a fixed order', async () => {
    expect(refusal(await missing('X-Amz-Expires', 'X-Amz-Algorithm'))).toEqual(
      invalid('Required search parameters X-Amz-Algorithm,  X-Amz-Expires missing'),
    )
    expect(refusal(await send(`/?X-Amz-Credential=a`))).toEqual(
      invalid('Required search parameters X-Amz-Algorithm,  X-Amz-Signature,  X-Amz-Date,  X-Amz-SignedHeaders,  X-Amz-Expires missing'),
    )
  })

  test('names are case-sensitive', async () => {
    expect(refusal(await send(presign().toLowerCase()))).toEqual(invalid('Authorization'))
  })

  test.each<[string, () => ToPresign, readonly [number, string, string]]>([
    ['another algorithm', () => ({ query: { 'X-Amz-Algorithm': 'AWS4-ECDSA-P256-SHA256' } }), ALGORITHM],
    [
      'a date of another form',
      () => ({ amzDate: '2026-06-11' }),
      invalid("Date provided in X-Amz-Date (2026-06-11) didn't parse successfully"),
    ],
    [
      'a credential of three parts',
      () => ({ query: { 'X-Amz-Credential': 'a/b/c' } }),
      invalid('Credential sigv4 header should have at least 5 slash-separated parts, not 3'),
    ],
    ['another service', () => ({ service: 'iam' }), invalid('Credential service should be s3, not iam')],
    ['another terminator', () => ({ terminator: 'x' }), invalid('Credential termination string should be aws4_request, not x')],
    ['a short key id', () => ({ accessKeyId: 'abc' }), invalid('Credential access key has length 3, should be 32')],
    ['an unknown key id', () => ({ accessKeyId: 'e'.repeat(32) }), UNAUTHORIZED],
    ['an unknown key id comes before the expiry', () => ({ accessKeyId: 'e'.repeat(32), expires: 'x' }), UNAUTHORIZED],
    ['expiry is no number', () => ({ expires: 'soon' }), invalid('X-Amz-Expires should be a number')],
    ['expiry is empty', () => ({ expires: '' }), invalid('X-Amz-Expires should be a number')],
    [
      'expiry over a week',
      () => ({ expires: 604_801 }),
      invalid('X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds'),
    ],
    ['expiry of zero', () => ({ expires: 0 }), EXPIRED],
    ['expiry below zero', () => ({ expires: -1 }), EXPIRED],
    ['expired', () => ({ at: ago(5000), expires: 1 }), EXPIRED],
    ['expired after a week', () => ({ at: ago(8 * DAY_MS), expires: 604_800 }), EXPIRED],
    ['a date in an hour', () => ({ at: ago(-HOUR_MS) }), [403, 'AccessDenied', 'Request is not yet valid']],
    ['expiry comes before the signature', () => ({ at: ago(HOUR_MS), secretAccessKey: 'x' }), EXPIRED],
    ['SignedHeaders without host', () => ({ signedHeaders: ['x-amz-date'] }), UNAUTHORIZED],
    ['another secret', () => ({ secretAccessKey: '0'.repeat(64) }), MISMATCH],
  ])('%s', async (_, toPresign, expected) => {
    expect(refusal(await send(presign(toPresign())))).toEqual(expected)
  })

  test.each<[string, () => ToPresign]>([
    ['one second', () => ({ expires: 1, at: ago(-10_000) })],
    ['seven days', () => ({ expires: 604_800 })],
    ['the seventh day of seven', () => ({ expires: 604_800, at: ago(6 * DAY_MS) })],
    ['an hour ago, for two', () => ({ expires: 7200, at: ago(HOUR_MS) })],
    ['a date that is yet to come', () => ({ expires: 60, at: ago(-14 * 60_000) })],
  ])('within its life: %s', async (_, toPresign) => {
    expect((await send(presign(toPresign()))).status).toBe(200)
  })

  test('a tampered signature, path, parameter or method is refused', async () => {
    await put('presigned.txt', 'p')
    const target = presign({ target: `/${bucket}/presigned.txt` })
    expect((await send(target)).text).toBe('p')
    expect(refusal(await send(target.replace('presigned.txt', 'other.txt')))).toEqual(MISMATCH)
    expect(refusal(await send(`${target}&response-content-type=text/html`))).toEqual(MISMATCH)
    expect(refusal(await send(target.replace('Expires=600', 'Expires=6000')))).toEqual(MISMATCH)
    expect(refusal(await send(target.replace(/.$/, 'x')))).toEqual(MISMATCH)
    expect(refusal(await send(target, { method: 'DELETE' }))).toEqual(MISMATCH)
    expect(await exists('presigned.txt')).toBe(true)
  })

  test('the mismatch of a presigned URL shows its canonical query without the signature', async () => {
    const answer = await send(presign({ secretAccessKey: 'x' }))
    expect(answer.text).toContain('X-Amz-Credential=')
    expect(answer.text).not.toContain('X-Amz-Signature')
    expect(textsOf(answer.text, 'SignatureProvided')[0]).toMatch(/^[0-9a-f]{64}$/)
  })

  test('a URL may be used again until it expires', async () => {
    const target = presign({ target: `/${bucket}` })
    for (let i = 0; i < 3; i++) expect((await send(target)).status).toBe(200)
  })
})

describe('presigned requests', () => {
  test('every method can be presigned', async () => {
    const target = `/${bucket}/methods.txt`
    expect((await send(presign({ method: 'PUT', target }), { method: 'PUT', body: 'm' })).status).toBe(200)
    expect((await send(presign({ method: 'HEAD', target }), { method: 'HEAD' })).headers['content-length']).toBe('1')
    expect((await send(presign({ target }))).text).toBe('m')
    expect((await send(presign({ method: 'DELETE', target }), { method: 'DELETE' })).status).toBe(204)
    expect(refusal(await send(presign({ target })))).toEqual([404, 'NoSuchKey', 'The specified key does not exist.'])
    expect((await send(presign({ target: `/${bucket}?list-type=2` }))).text).toContain('<ListBucketResult ')
    expect((await send(presign({ method: 'POST', target: `${target}?uploads` }), { method: 'POST' })).text).toContain('<UploadId>')
  })

  test('a content type that is not signed is acted on, metadata are refused', async () => {
    const target = presign({ method: 'PUT', target: `/${bucket}/extra.txt` })
    const headers = { 'content-type': 'text/x-special' }
    const more = { ...headers, 'x-amz-meta-colour': 'red' }
    const unsigned = [403, 'AccessDenied', 'There were headers present in the request which were not signed']
    expect(refusal(await send(target, { method: 'PUT', body: 'x', headers: more }))).toEqual(unsigned)
    expect((await send(target, { method: 'PUT', body: 'x', headers })).status).toBe(200)
    expect((await signedFetch('HEAD', `/${bucket}/extra.txt`)).headers.get('content-type')).toBe('text/x-special')
  })

  test('a header that is signed must be the one that was signed', async () => {
    const target = presign({ method: 'PUT', target: `/${bucket}/typed.txt`, headers: { 'content-type': 'text/plain' } })
    expect((await send(target, { method: 'PUT', body: 'x', headers: { 'content-type': 'text/plain' } })).status).toBe(200)
    expect(refusal(await send(target, { method: 'PUT', body: 'x', headers: { 'content-type': 'text/html' } }))).toEqual(MISMATCH)
    expect(refusal(await send(target, { method: 'PUT', body: 'x' }))).toEqual(MISMATCH)
  })

  test('x-amz-content-sha256 is not part of it', async () => {
    const target = presign({ method: 'PUT', target: `/${bucket}/hashless.txt`, query: { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' } })
    expect((await send(target, { method: 'PUT', body: 'x' })).status).toBe(200)
  })

  test('a streaming form needs the signature of the header', async () => {
    const target = presign({ method: 'PUT', target: `/${bucket}/p-stream.txt` })
    const headers = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'x-amz-decoded-content-length': '0' }
    expect(refusal(await send(target, { method: 'PUT', body: '0\r\n\r\n', headers }))[0]).toBe(501)
  })

  test("the SDK's presigner: GET with overrides, HEAD, PUT with metadata and checksum in the query", async () => {
    const s3 = s3Client()
    const Key = 'from sdk/ü (1).txt'
    const up = new PutObjectCommand({
      Bucket: bucket,
      Key,
      Metadata: { colour: 'blue' },
      ChecksumCRC32: crc32Of('sdk'),
      ContentType: 'text/plain',
    })
    const upUrl = await getSignedUrl(s3, up, { expiresIn: 60 })
    expect(upUrl).toContain('x-amz-meta-colour')
    const wrong = await fetch(upUrl, { method: 'PUT', body: 'not that', headers: { 'content-type': 'text/plain' } })
    expect(wrong.status).toBe(400)
    expect(await wrong.text()).toContain('<Code>BadDigest</Code>')
    const right = await fetch(upUrl, { method: 'PUT', body: 'sdk', headers: { 'content-type': 'text/plain' } })
    expect(right.status).toBe(200)
    const down = new GetObjectCommand({ Bucket: bucket, Key, ResponseContentType: 'text/x-other', ResponseCacheControl: 'no-store' })
    const got = await fetch(await getSignedUrl(s3, down, { expiresIn: 604_800 }))
    expect(await got.text()).toBe('sdk')
    expect(got.headers.get('content-type')).toBe('text/x-other')
    expect(got.headers.get('cache-control')).toBe('no-store')
    expect(got.headers.get('x-amz-meta-colour')).toBe('blue')
    const head = await fetch(await getSignedUrl(s3, new HeadBucketCommand({ Bucket: bucket })), { method: 'HEAD' })
    expect(head.status).toBe(200)
  })

  test('a hoisted header is screened like any other', async () => {
    const target = presign({ method: 'PUT', target: `/${bucket}/hoisted.txt`, query: { 'x-amz-grant-read': 'a=b' } })
    expect(refusal(await send(target, { method: 'PUT', body: 'x' }))).toEqual([
      501,
      'NotImplemented',
      "Header 'x-amz-grant-read' with value 'a=b' not implemented",
    ])
  })

  test('a hoisted header wins over one that is sent, since it is signed', async () => {
    const target = presign({ method: 'PUT', target: `/${bucket}/hoisted.txt`, query: { 'x-amz-meta-owner': 'signed' } })
    expect((await send(target, { method: 'PUT', body: 'x', headers: { 'x-amz-meta-owner': 'sent' } })).status).toBe(200)
    expect((await signedFetch('HEAD', `/${bucket}/hoisted.txt`)).headers.get('x-amz-meta-owner')).toBe('signed')
  })
})

describe('session tokens', () => {
  const REFUSED = invalid('X-Amz-Security-Token')

  test.each([
    ['GET', '/'],
    ['GET', `/${bucket}`],
    ['PUT', `/${bucket}/token.txt`],
    ['DELETE', `/${bucket}/token.txt`],
    ['POST', `/${bucket}?delete`],
    ['PUT', `/${bucket}-new`],
  ])('an x-amz-security-token with a long-lived key is refused: %s %s', async (method, target) => {
    expect(refusal(await sendSigned(target, { method, headers: { 'x-amz-security-token': 'abc' } }))).toEqual(REFUSED)
  })

  test('in a presigned URL as well', async () => {
    expect(refusal(await send(presign({ query: { 'X-Amz-Security-Token': 'abc' } })))).toEqual(REFUSED)
  })

  test('an unsigned one as well', async () => {
    const { headers } = signHeaders()
    expect(refusal(await send('/', { headers: { ...headers, 'x-amz-security-token': 'abc' } }))).toEqual(REFUSED)
  })

  test('the signature is checked before', async () => {
    const answer = await sendSigned('/', { secretAccessKey: 'x', headers: { 'x-amz-security-token': 'abc' } })
    expect(refusal(answer)).toEqual(MISMATCH)
  })

  test('the SDK with temporary credentials sees InvalidArgument', async () => {
    const { accessKeyId, secretAccessKey } = inject('server')
    const s3 = s3Client({ credentials: { accessKeyId, secretAccessKey, sessionToken: 'abc' } })
    await expect(s3.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'InvalidArgument', message: 'X-Amz-Security-Token' })
  })
})

describe('virtual-hosted style', () => {
  const host = () => `${bucket}.localhost:${new URL(inject('server').endpoint).port}`

  test('the host names the bucket, the whole path is the key', async () => {
    const headers = { host: host() }
    expect((await sendSigned('/folder/virtual.txt', { method: 'PUT', body: 'virtual', headers })).status).toBe(200)
    expect(await read('folder/virtual.txt')).toBe('virtual')
    expect((await sendSigned('/folder/virtual.txt', { headers })).text).toBe('virtual')
  })

  test('the root is the bucket', async () => {
    const headers = { host: host() }
    expect((await sendSigned('/', { headers })).text).toContain(`<Name>${bucket}</Name>`)
    expect((await sendSigned('/', { method: 'HEAD', headers })).headers['x-amz-bucket-region']).toBe('auto')
  })

  test('a key that begins with the name of the bucket is a key', async () => {
    const headers = { host: host() }
    expect((await sendSigned(`/${bucket}/x`, { method: 'PUT', body: 'x', headers })).status).toBe(200)
    expect(await read(`${bucket}/x`)).toBe('x')
  })

  test('a presigned URL of that style works', async () => {
    await put('virtual2.txt', 'v2')
    expect((await send(presign({ target: '/virtual2.txt', headers: { host: host() } }), { headers: { host: host() } })).text).toBe('v2')
  })

  test('a request that was signed for one bucket is no use on another', async () => {
    const { headers } = signHeaders({ headers: { host: host() } })
    expect(refusal(await send('/', { headers: { ...headers, host: host().replace('auth', 'oath') } }))).toEqual(MISMATCH)
  })

  test('an unknown bucket is NoSuchBucket', async () => {
    const headers = { host: host().replace('auth', 'none') }
    expect(refusal(await sendSigned('/', { headers }))).toEqual([404, 'NoSuchBucket', 'The specified bucket does not exist.'])
  })
})
