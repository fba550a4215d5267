import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { signedFetch, uniqueName } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { type Server, startServer } from './support/server.ts'
import { awsEncode, presign, sha256, signHeaders } from './support/sigv4.ts'
import { type Answer, type Refusal, rawRequest, refusal, send, sendBytes, sendSigned, textsOf } from './support/wire.ts'

const bucket = lentBucket()
const MIB = 1024 * 1024

const MALFORMED: Refusal = [
  400,
  'MalformedXML',
  'The XML you provided was not well formed or did not validate against our published schema.',
]
const BAD_KEY: Refusal = [400, 'InvalidObjectName', 'The specified object name is not valid.']
const INCOMPLETE: Refusal = [400, 'IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header.']
const BAD_DIGEST_FORM: Refusal = [400, 'InvalidDigest', 'The checksum or Content-MD5 you specified is not valid.']

const exists = async (key: string) => (await signedFetch('HEAD', `/${bucket.name}/${key}`)).status === 200

/** Never a 500, never anything but R2's XML, and no word about the inside of the server. */
function expectSane(answer: Answer): void {
  const ok = answer.status >= 200 && answer.status < 400
  if (!ok && answer.text !== '') refusal(answer)
  expect(ok || answer.status === 501 || (answer.status >= 400 && answer.status < 500), `${answer.status} ${answer.text}`).toBe(true)
  expect(answer.text).not.toMatch(/\.ts\b|\.js\b|\bat \w+ ?\(|TypeError|RangeError|SqliteError|D1_ERROR|workerd/)
  expect(answer.text).not.toContain(inject('server').secretAccessKey)
}

/** Every operation that reads XML. */
const XML_OPERATIONS: readonly (readonly [operation: string, method: string, target: string, root: string, good: string])[] = [
  ['DeleteObjects', 'POST', '?delete', 'Delete', '<Object><Key>a</Key></Object>'],
  [
    'PutBucketCors',
    'PUT',
    '?cors',
    'CORSConfiguration',
    '<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>',
  ],
  [
    'PutBucketEncryption',
    'PUT',
    '?encryption',
    'ServerSideEncryptionConfiguration',
    '<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>',
  ],
  ['PutBucketVersioning', 'PUT', '?versioning', 'VersioningConfiguration', '<Status>Enabled</Status>'],
  [
    'CompleteMultipartUpload',
    'POST',
    '/key?uploadId=a',
    'CompleteMultipartUpload',
    '<Part><PartNumber>1</PartNumber><ETag>a</ETag></Part>',
  ],
  ['CreateBucket', 'PUT', '-new', 'CreateBucketConfiguration', '<LocationConstraint>weur</LocationConstraint>'],
]

describe('XML that is none', () => {
  const post = (method: string, target: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
    sendSigned(`/${bucket.name}${target}`, { method, body, headers })

  test.each(XML_OPERATIONS)('%s refuses whatever is not well formed', async (_, method, target, root, good) => {
    const bodies: (string | Uint8Array)[] = [
      ' ',
      'text',
      '{"a": 1}',
      `<${root}>`,
      `<${root}>${good}`,
      `<${root}>${good}</Other>`,
      `<${root}>${good}</${root}><${root}/>`,
      `<${root}>${good}</${root}>text`,
      `<Other>${good}</Other>`,
      `<${root} a=1>${good}</${root}>`,
      `<${root} a="1" a="2">${good}</${root}>`,
      `<${root}>${good}&unknown;</${root}>`,
      `<${root}>${good}&</${root}>`,
      `<${root}>${good}\u0001</${root}>`,
      `<?xml version="1.0" encoding="UTF-16"?><${root}>${good}</${root}>`,
      `<!DOCTYPE ${root}><${root}>${good}</${root}>`,
      Buffer.from(`<${root}>${good}</${root}>`, 'utf16le'),
      Buffer.concat([Buffer.from(`<${root}><A>`), Buffer.from([0xff, 0xfe]), Buffer.from(`</A>${good}</${root}>`)]),
    ]
    for (const body of bodies) expect(refusal(await post(method, target, body)), String(body)).toEqual(MALFORMED)
  })

  test.each(XML_OPERATIONS)('%s expands no entity', async (_, method, target, root, good) => {
    const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')
    const bomb = `<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]><${root}>&l9;${good}</${root}>`
    const file = `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><${root}>&f;${good}</${root}>`
    for (const body of [bomb, file]) {
      const started = Date.now()
      expect(refusal(await post(method, target, body))).toEqual(MALFORMED)
      expect(Date.now() - started).toBeLessThan(5000)
    }
  })

  test.each(XML_OPERATIONS)('%s refuses deep nesting', async (_, method, target, root, good) => {
    for (const depth of [100, 100_000]) {
      const body = `<${root}>${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}${good}</${root}>`
      expect(refusal(await post(method, target, body))).toEqual(MALFORMED)
    }
  })

  test('an immense number of elements is refused', async () => {
    expect(refusal(await post('POST', '?delete', `<Delete>${'<a/>'.repeat(1_000_000)}</Delete>`))).toEqual(MALFORMED)
  })

  test('a body of more than 2 MiB is refused, a smaller one is read', async () => {
    const padded = (size: number) => `<Delete><Object><Key>a</Key></Object>${' '.repeat(size)}</Delete>`
    expect(refusal(await post('POST', '?delete', padded(2 * MIB)))).toEqual(MALFORMED)
    expect((await post('POST', '?delete', padded(2 * MIB - 100))).status).toBe(200)
  })

  test('too long a body is refused where it creates a bucket, too', async () => {
    expect(refusal(await post('PUT', '-new', ' '.repeat(9 * MIB)))).toEqual(MALFORMED)
  })

  test.each([
    ['no object', '<Delete></Delete>'],
    ['an object without a key', '<Delete><Object></Object></Delete>'],
    ['a key that is not text', '<Delete><Object><Key><b/></Key></Object></Delete>'],
    ['Quiet that is neither', '<Delete><Object><Key>a</Key></Object><Quiet>yes</Quiet></Delete>'],
    ['1001 objects', `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`],
  ])('DeleteObjects refuses %s', async (_, body) => {
    expect(refusal(await post('POST', '?delete', body))).toEqual(MALFORMED)
  })

  test.each(['Content-MD5', 'x-amz-checksum-sha256', 'x-amz-checksum-crc32'])('an XML body has to fit its %s', async (name) => {
    await bucket.put('kept', 'kept')
    const body = '<Delete><Object><Key>kept</Key></Object></Delete>'
    const lengths: Record<string, number> = { 'Content-MD5': 16, 'x-amz-checksum-sha256': 32, 'x-amz-checksum-crc32': 4 }
    const wrong = Buffer.alloc(lengths[name]!, 7).toString('base64')
    expect(refusal(await post('POST', '?delete', body, { [name.toLowerCase()]: wrong })).slice(0, 2)).toEqual([400, 'BadDigest'])
    expect(await exists('kept')).toBe(true)
  })

  test('the digest is looked at before the XML', async () => {
    const headers = { 'content-md5': Buffer.alloc(16).toString('base64') }
    expect(refusal(await post('POST', '?delete', '<junk', headers))[1]).toBe('BadDigest')
  })
})

describe('Content-MD5', () => {
  const put = (key: string, body: string, md5: string) =>
    sendSigned(`/${bucket.name}/${key}`, { method: 'PUT', body, headers: { 'content-md5': md5 } })
  const md5 = (text: string) => createHash('md5').update(text)

  test('one that fits is fine', async () => {
    expect((await put('md5', 'hello', md5('hello').digest('base64'))).status).toBe(200)
  })

  test('one that does not stores nothing, and both are told in hex', async () => {
    const key = uniqueName('md5')
    expect(refusal(await put(key, 'hello', md5('other').digest('base64')))).toEqual([
      400,
      'BadDigest',
      'The MD5 checksum you specified did not match what we received.\n' +
        `You provided a MD5 checksum with value: ${md5('other').digest('hex')}\nActual MD5 was: ${md5('hello').digest('hex')}`,
    ])
    expect(await exists(key)).toBe(false)
  })

  test.each(['nonsense', 'AAAA', md5('hello').digest('hex'), `${md5('hello').digest('base64')}=`, '5d41402abc4b2a76b9719d91101=='])(
    'one that is not base64 of 16 bytes stores nothing: %s',
    async (value) => {
      const key = uniqueName('md5')
      expect(refusal(await put(key, 'hello', value))).toEqual(BAD_DIGEST_FORM)
      expect(await exists(key)).toBe(false)
    },
  )
})

describe('bodies that end early', () => {
  // Straight on the runtime: the development server's proxy has an answer of its own when a client goes away.
  let server: Server
  const name = uniqueName('early')
  beforeAll(async () => {
    server = await startServer({ door: 'serve' })
    expect((await signedFetch('PUT', `/${name}`, { server })).status).toBe(200)
  })
  afterAll(() => server.stop())

  const request = (method: string, path: string, body?: string) => sendSigned(`/${name}${path}`, { method, body, server })
  const stored = async (key: string) => (await request('HEAD', `/${key}`)).status === 200

  interface Cut {
    readonly method?: string
    readonly payloadHash?: string
    readonly headers: Record<string, string>
  }

  /** Sends less than the head promises, ends the sending side, and expects to be told so. */
  async function cutShort(path: string, body: string, { method = 'PUT', payloadHash, headers }: Cut): Promise<void> {
    const target = `/${name}${path}`
    const signed = signHeaders({ method, target, payloadHash, headers, server })
    const text = await sendBytes(rawRequest(method, target, signed.headers, body), { server })
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(text).toContain(`<Code>${INCOMPLETE[1]}</Code><Message>${INCOMPLETE[2]}</Message>`)
  }

  test.each<[string, number, number]>([
    ['nothing of ten bytes', 0, 10],
    ['nine of ten bytes', 9, 10],
    ['half of 200,000 bytes', 100_000, 200_000],
    ['a tenth of 20 MB', 2_000_000, 20_000_000],
  ])('store nothing: %s', async (_, sent, promised) => {
    await cutShort('/cut', 'x'.repeat(sent), { headers: { 'content-length': String(promised) } })
    expect(await stored('cut')).toBe(false)
  })

  test('leave the object before as it was', async () => {
    await request('PUT', '/precious', 'precious')
    await cutShort('/precious', 'only a par', { headers: { 'content-length': '100' } })
    expect((await request('GET', '/precious')).text).toBe('precious')
  })

  test.each<[string, string]>([
    ['within a chunk', '5\r\nhel'],
    ['between chunks', '5\r\nhello\r\n'],
    ['within the trailer', '5\r\nhello\r\n0\r\nx-amz-checks'],
  ])('store nothing of an aws-chunked body that is cut %s, whole or not by its Content-Length', async (_, body) => {
    const framed = { 'x-amz-decoded-content-length': '5', 'x-amz-trailer': 'x-amz-checksum-crc32' }
    for (const length of [body.length, 100]) {
      const headers = { ...framed, 'content-length': String(length) }
      await cutShort('/cut', body, { headers, payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' })
    }
    expect(await stored('cut')).toBe(false)
  })

  test('store no part', async () => {
    const uploadId = textsOf((await request('POST', '/parts?uploads')).text, 'UploadId')[0]!
    await cutShort(`/parts?partNumber=1&uploadId=${uploadId}`, 'x'.repeat(1000), { headers: { 'content-length': '5000' } })
    expect((await request('GET', `/parts?uploadId=${uploadId}`)).text).not.toContain('<Part>')
  })

  test('delete nothing and create no bucket', async () => {
    await request('PUT', '/spared', 'spared')
    const whole = '<Delete><Object><Key>spared</Key></Object></Delete>'
    await cutShort('?delete', whole, { method: 'POST', headers: { 'content-length': String(whole.length + 10) } })
    expect(await stored('spared')).toBe(true)
    await cutShort('-new', '', { headers: { 'content-length': '10' } })
    expect((await request('HEAD', '-new')).status).toBe(404)
  })

  test('store nothing of a body without its last transfer chunk', async () => {
    const target = `/${name}/cut`
    const { headers } = signHeaders({ method: 'PUT', target, headers: { 'transfer-encoding': 'chunked' }, server })
    expect(await sendBytes(rawRequest('PUT', target, headers, '5\r\nhello\r\n'), { server })).not.toMatch(/^HTTP\/1\.1 2/)
    expect(await stored('cut')).toBe(false)
  })

  test('too long a body is refused whether it comes or not', async () => {
    const target = `/${name}/cut`
    const { headers } = signHeaders({ method: 'PUT', target, headers: { 'content-length': String(6 * 1024 ** 3) }, server })
    expect(await sendBytes(rawRequest('PUT', target, headers), { server })).toContain('<Code>EntityTooLarge</Code>')
  })

  test('leave no trace in the log', () => {
    expect(server.output()).not.toMatch(/Unexpected failure|Uncaught|InternalError/)
  })
})

describe('lengths', () => {
  test.each(['abc', '-1', '1e3', '5.0', ' '])('x-amz-decoded-content-length %s stores nothing', async (length) => {
    const key = uniqueName('length')
    const headers = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': length }
    const answer = await sendSigned(`/${bucket.name}/${key}`, {
      method: 'PUT',
      body: '5\r\nhello\r\n0\r\n\r\n',
      headers,
      payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    })
    expectSane(answer)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(await exists(key)).toBe(false)
  })

  test('a chunked body without a length is a 411', async () => {
    const target = `/${bucket.name}/${uniqueName('length')}`
    const { headers } = signHeaders({ method: 'PUT', target })
    const text = await sendBytes(rawRequest('PUT', target, { ...headers, 'transfer-encoding': 'chunked' }, '5\r\nhello\r\n0\r\n\r\n'))
    expect(text).toMatch(/^HTTP\/1\.1 411 /)
    expect(text).toContain('<Code>MissingContentLength</Code><Message>You must provide the Content-Length HTTP header.</Message>')
  })

  test('more than the largest upload is refused before it is sent', async () => {
    const answer = await sendSigned(`/${bucket.name}/${uniqueName('huge')}`, {
      method: 'PUT',
      payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: { 'x-amz-decoded-content-length': String(6 * 1024 ** 3) },
      body: '0\r\n\r\n',
    })
    expect(refusal(answer)).toEqual([400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.'])
  })
})

describe('keys', () => {
  const methods = ['GET', 'PUT', 'DELETE', 'POST']

  test.each([
    ['a stray percent sign', '%'],
    ['a cut escape', 'a%2'],
    ['no hex digits', '%zz'],
    ['a lone continuation byte', '%80'],
    ['a cut sequence', '%e2%98'],
    ['an overlong slash', '%c0%af'],
    ['a surrogate', '%ed%a0%80'],
    ['beyond Unicode', '%f4%90%80%80'],
    ['0xff', 'a%ffb'],
  ])('%s in a key is InvalidObjectName', async (_, path) => {
    for (const method of methods) expect(refusal(await sendSigned(`/${bucket.name}/${path}`, { method }))).toEqual(BAD_KEY)
    expect(await sendSigned(`/${bucket.name}/${path}`, { method: 'HEAD' })).toMatchObject({ status: 400, text: '' })
    expect(refusal(await send(presign({ target: `/${bucket.name}/${path}` })))).toEqual(BAD_KEY)
  })

  test.each([
    ['ASCII', 'k', 1024],
    ['two bytes', 'ü', 512],
    ['three bytes', '☃', 341],
    ['four bytes', '🪨', 256],
  ])('a key of 1,024 bytes is fine, one more is not: %s', async (_, character, count) => {
    const key = character.repeat(count).padEnd(count * character.length + (1024 - Buffer.byteLength(character) * count), 'x')
    expect(Buffer.byteLength(key)).toBe(1024)
    const put = (name: string) => sendSigned(`/${bucket.name}/${awsEncode(name)}`, { method: 'PUT', body: name })
    expect((await put(key)).status).toBe(200)
    expect((await sendSigned(`/${bucket.name}/${awsEncode(key)}`)).text).toBe(key)
    expect(refusal(await put(`${key}x`))).toEqual(BAD_KEY)
    for (const method of methods) {
      expect(refusal(await sendSigned(`/${bucket.name}/${awsEncode(key)}x`, { method }))).toEqual(BAD_KEY)
    }
    expect(refusal(await sendSigned(`/${bucket.name}/${awsEncode(key)}x?uploads`, { method: 'POST' }))).toEqual(BAD_KEY)
  })

  test('a key of a megabyte is refused without being looked at', async () => {
    const answer = await sendSigned(`/${bucket.name}/${'x'.repeat(14_000)}`, { method: 'PUT', body: '' })
    expect(refusal(answer)).toEqual(BAD_KEY)
  })

  test.each([
    ['line breaks', 'a%0d%0ab'],
    ['control characters', '%01%1f%7f'],
    ['a byte order mark', '%ef%bb%bf'],
    ['a replacement character', '%ef%bf%bd'],
    ['U+FFFF', '%ef%bf%bf'],
    ['markup', "%3Ca%3E%26%22'"],
    ['SQL', "'%3B%20DROP%20TABLE%20objects%3B--"],
    ['only slashes', '%2F/%2F'],
    ['a backslash', 'a%5Cb'],
    ['three dots', '...'],
    ['a prototype', '__proto__'],
  ])('a strange key is stored, listed and deleted like any other: %s', async (_, path) => {
    const target = `/${bucket.name}/strange/${path}`
    expect((await sendSigned(target, { method: 'PUT', body: 'strange' })).status).toBe(200)
    expect((await sendSigned(target)).text).toBe('strange')
    const listed = await sendSigned(`/${bucket.name}?list-type=2&prefix=strange%2F&encoding-type=url`)
    expect(listed.text).toContain(`<Key>${awsEncode(`strange/${decodeURIComponent(path)}`)}</Key>`)
    expect((await sendSigned(`/${bucket.name}?list-type=2&prefix=strange%2F`)).status).toBe(200)
    expect((await sendSigned(target, { method: 'DELETE' })).status).toBe(204)
  })

  test('a null byte is refused where a key is written, and such a key can be read and deleted', async () => {
    const target = `/${bucket.name}/strange/%00`
    expect(refusal(await sendSigned(target, { method: 'PUT', body: 'strange' }))).toEqual(BAD_KEY)
    expect(refusal(await sendSigned(target))[1]).toBe('NoSuchKey')
    expect((await sendSigned(target, { method: 'DELETE' })).status).toBe(204)
  })

  test('a key is decoded exactly once', async () => {
    await sendSigned(`/${bucket.name}/a%252Bb`, { method: 'PUT', body: 'once' })
    expect((await sendSigned(`/${bucket.name}/a%252Bb`)).text).toBe('once')
    expect(refusal(await sendSigned(`/${bucket.name}/a%2Bb`))[1]).toBe('NoSuchKey')
    await sendSigned(`/${bucket.name}?delete`, { method: 'POST', body: '<Delete><Object><Key>a%2Bb</Key></Object></Delete>' })
    expect(await exists('a%252Bb')).toBe(false)
  })
})

/** Values that parsers stumble over. */
const GARBAGE = ['', ' ', '0', '-1', '1e309', '99999999999999999999', '\u0000', '<a>&"\'', '☃🪨', '%', 'x'.repeat(3000)]

describe('garbage in the query', () => {
  const BUCKET_PARAMETERS = [
    'prefix',
    'delimiter',
    'marker',
    'max-keys',
    'encoding-type',
    'list-type',
    'continuation-token',
    'start-after',
    'fetch-owner',
    'uploads',
    'key-marker',
    'upload-id-marker',
    'max-uploads',
    'location',
    'cors',
    'X-Amz-Expires',
    'x-id',
  ]
  const OBJECT_PARAMETERS = [
    'partNumber',
    'uploadId',
    'max-parts',
    'part-number-marker',
    'uploads',
    'versionId',
    'tagging',
    'response-content-type',
    'response-content-language',
    'response-expires',
    'response-cache-control',
    'response-content-disposition',
    'response-content-encoding',
  ]
  const tries = (base: string, name: string, method = 'GET') =>
    GARBAGE.map((value) => {
      const target = `${base}${base.includes('?') ? '&' : '?'}${awsEncode(name)}=${awsEncode(value)}`
      // A coding that was made up is not for the development server to undo.
      return sendSigned(target, {
        method,
        headers: { 'accept-encoding': name.endsWith('encoding') ? value.replace(/[^ -~]/g, '') : 'identity' },
      })
    })

  test.each(BUCKET_PARAMETERS)('of a bucket: %s', async (name) => {
    const path = `/${bucket.name}`
    for (const base of [path, `${path}?list-type=2`, `${path}?uploads`, '/']) {
      for (const answer of await Promise.all(tries(base, name))) expectSane(answer)
    }
  })

  test.each(OBJECT_PARAMETERS)('of an object: %s', async (name) => {
    await bucket.put('target', 'target')
    for (const base of [`/${bucket.name}/target`, `/${bucket.name}/target?uploadId=x`]) {
      if (name === 'response-content-encoding') continue
      for (const answer of await Promise.all(tries(base, name))) expectSane(answer)
      for (const answer of await Promise.all(tries(base, name, 'HEAD'))) expectSane(answer)
    }
    for (const method of ['PUT', 'POST', 'DELETE']) {
      for (const answer of await Promise.all(tries(`/${bucket.name}/scratch?uploadId=x`, name, method))) expectSane(answer)
    }
  })

  test.each([
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Date',
    'X-Amz-Expires',
    'X-Amz-SignedHeaders',
    'X-Amz-Signature',
    'X-Amz-Security-Token',
    'X-Amz-Content-Sha256',
  ])('of a presigned URL: %s', async (name) => {
    const answers = await Promise.all(GARBAGE.map((value) => send(presign({ query: { [name]: value } }))))
    for (const answer of answers) expectSane(answer)
  })

  test('parameters given twice, or a thousand times', async () => {
    for (const query of ['prefix=a&prefix=b', 'list-type=2&list-type=3', 'max-keys=1&max-keys=x', 'a=1&'.repeat(1000), '&&&===&', '%=%']) {
      expectSane(await sendSigned(`/${bucket.name}?${query}`))
      expectSane(await sendSigned(`/${bucket.name}/target?${query}`))
    }
  })

  test.each(['prefix=%ff', 'delimiter=%ff', 'prefix=%ed%a0%80', 'marker=%zz', 'prefix=%'])('escapes that are none: %s', async (query) => {
    expectSane(await sendSigned(`/${bucket.name}?${query}`))
  })
})

describe('garbage in the headers', () => {
  const READ = [
    'range',
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-unmodified-since',
    'if-range',
    'x-amz-checksum-mode',
    'x-amz-server-side-encryption-customer-algorithm',
    'x-amz-server-side-encryption-customer-key',
    'x-amz-server-side-encryption-customer-key-md5',
    'origin',
    'x-amz-security-token',
    'x-amz-expected-bucket-owner',
    'accept',
    'authorization',
    'x-amz-date',
    'x-amz-content-sha256',
    'cf-max-keys',
    'cf-continuation-token',
    'x-forwarded-for',
    'cookie',
  ]
  const WRITE = [
    'content-type',
    'content-language',
    'content-disposition',
    'cache-control',
    'expires',
    'content-md5',
    'x-amz-checksum-crc32',
    'x-amz-checksum-crc32c',
    'x-amz-checksum-crc64nvme',
    'x-amz-checksum-sha1',
    'x-amz-checksum-sha256',
    'x-amz-checksum-type',
    'x-amz-checksum-algorithm',
    'x-amz-sdk-checksum-algorithm',
    'x-amz-trailer',
    'x-amz-decoded-content-length',
    'x-amz-storage-class',
    'x-amz-acl',
    'x-amz-server-side-encryption',
    'x-amz-tagging',
    'x-amz-meta-a',
    'x-amz-meta-',
    'x-amz-copy-source',
    'x-amz-copy-source-range',
    'x-amz-copy-source-if-match',
    'x-amz-copy-source-if-modified-since',
    'x-amz-metadata-directive',
    'cf-copy-destination-if-match',
    'cf-create-bucket-if-missing',
    'x-amz-mp-object-size',
    ...READ.slice(0, 10),
  ]
  /** What HTTP lets through. */
  const values = GARBAGE.filter((value) => /^[ -~]*$/.test(value))

  test.each(READ)('of a read: %s', async (name) => {
    for (const target of [`/${bucket.name}/target`, `/${bucket.name}?list-type=2`, '/']) {
      const answers = values.map((value) => {
        const { headers } = signHeaders({ target })
        return send(target, { headers: { ...headers, [name]: value } })
      })
      for (const answer of await Promise.all(answers)) expectSane(answer)
    }
  })

  test.each(WRITE)('of a write: %s', async (name) => {
    const requests: [string, string][] = [
      ['PUT', `/${bucket.name}/scratch`],
      ['POST', `/${bucket.name}/scratch?uploads`],
      ['PUT', `/${bucket.name}/scratch?partNumber=1&uploadId=x`],
      ['POST', `/${bucket.name}/scratch?uploadId=x`],
      ['POST', `/${bucket.name}?delete`],
    ]
    for (const [method, target] of requests) {
      const answers = values.map((value) => sendSigned(target, { method, headers: { [name]: value }, body: method === 'PUT' ? 'x' : '' }))
      for (const answer of await Promise.all(answers)) expectSane(answer)
    }
  })

  test.each(['x-amz-copy-source-range', 'x-amz-metadata-directive', 'x-amz-storage-class', 'x-amz-copy-source-if-match', 'range'])(
    'of a copy: %s',
    async (name) => {
      await bucket.put('target', 'target')
      for (const query of ['', '?partNumber=1&uploadId=x']) {
        const answers = values.map((value) =>
          sendSigned(`/${bucket.name}/copied${query}`, {
            method: 'PUT',
            headers: { 'x-amz-copy-source': `/${bucket.name}/target`, [name]: value },
          }),
        )
        for (const answer of await Promise.all(answers)) expectSane(answer)
      }
    },
  )

  test.each([
    '%',
    '%ff',
    'a',
    '/',
    '//',
    `/b/${'x'.repeat(3000)}`,
    '/b/k?versionId=1',
    '/b/k?versionId',
    `/${'x'.repeat(3000)}/k`,
    'a/b%zz',
  ])('of a copy source: %s', async (source) => {
    const answer = await sendSigned(`/${bucket.name}/copied`, { method: 'PUT', headers: { 'x-amz-copy-source': source } })
    expectSane(answer)
    expect(answer.status).toBeGreaterThanOrEqual(400)
  })

  test('raw UTF-8 and bytes that are none in a metadata header', async () => {
    const target = `/${bucket.name}/raw`
    for (const bytes of [Buffer.from('☃'), Buffer.from([0xff, 0xfe, 0x80])]) {
      const { headers } = signHeaders({ method: 'PUT', target })
      const head = rawRequest('PUT', target, { ...headers, 'content-length': '1', connection: 'close', 'x-amz-meta-a': '@' }, 'x')
      const [before, after] = head.split('@')
      const text = await sendBytes(Buffer.concat([Buffer.from(before!), bytes, Buffer.from(after!)]))
      expect(text).toMatch(/^HTTP\/1\.1 [24]/)
    }
    expectSane(await sendSigned(target))
  })

  test('metadata of 8,192 is fine, a byte more is MetadataTooLarge', async () => {
    const put = (size: number) =>
      sendSigned(`/${bucket.name}/metadata`, { method: 'PUT', body: 'x', headers: { 'x-amz-meta-a': 'v'.repeat(size - 1) } })
    expect((await put(8192)).status).toBe(200)
    expect(refusal(await put(8193))).toEqual([400, 'MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size.'])
  })
})

describe('garbage in the first line', () => {
  // Not CONNECT, which asks for a tunnel and never reaches a Worker.
  test.each(['GET', 'FOO', 'get', 'TRACE', 'PROPFIND', 'X'.repeat(300)])('the method %s', async (method) => {
    const { headers } = signHeaders({ method, target: `/${bucket.name}` })
    const text = await sendBytes(rawRequest(method, `/${bucket.name}`, { ...headers, connection: 'close' }))
    expect(text).not.toMatch(/^HTTP\/1\.1 5(?!01)/)
  })

  test.each([
    '//',
    '///',
    '/%',
    '/%00',
    '/%2e%2e/%2e%2e',
    '/..%2f..%2fetc/passwd',
    '/?',
    '/?%',
    '/#a',
    '/@',
    '/:80',
    '/http://other.example/',
    '//other.example/key',
  ])('the path %s', async (target) => {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      const answer = await sendSigned(target, { method, headers: { origin: 'https://a.example' } })
      expectSane(answer)
    }
  })

  test('the hash of another body is found out before any of it is used', async () => {
    const target = `/${bucket.name}?cors`
    const body =
      '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'
    expect(refusal(await sendSigned(target, { method: 'PUT', body, payloadHash: sha256('') }))[1]).toBe('XAmzContentSHA256Mismatch')
    expect(refusal(await sendSigned(target))[1]).toBe('NoSuchCORSConfiguration')
  })
})
