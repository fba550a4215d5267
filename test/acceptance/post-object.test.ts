import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { describe, expect, inject, test } from 'vitest'
import { bytesOf, elementOf, expectError, expectNoSuchKey, expectSameBytes, headersOf } from './support/answers.ts'
import { plainFetch, uniqueName } from './support/clients.ts'
import { checksum64 } from './support/crc.ts'
import { BOUNDARY, type Field, sendForm, signForm, type ToSignForm, type ToWrite, writeForm } from './support/forms.ts'
import { KIB, lentBucket, MIB, md5Hex, someBytes } from './support/objects.ts'

const bucket = lentBucket()

/** Signs and sends a form for a new key; returns the answer and the key. */
async function post(form: Partial<ToSignForm> = {}, body: ToWrite = {}, headers: Record<string, string> = {}) {
  const key = uniqueName('posted')
  const fields = signForm({ bucket: bucket.name, ...form, fields: form.fields ?? [['key', key]] })
  return { key, response: await sendForm(bucket.name, writeForm({ fields, ...body }), { headers }) }
}

const withKey = (...fields: Field[]): { key: string; fields: Field[] } => {
  const key = uniqueName('posted')
  return { key, fields: [['key', key], ...fields] }
}

async function expectRefused(response: Response, status: number, code: string, message?: string | RegExp): Promise<string> {
  const text = await response.text()
  expect([response.status, elementOf(text, 'Code')]).toEqual([status, code])
  if (message !== undefined) expect(elementOf(text, 'Message')?.replaceAll('&quot;', '"').replaceAll('&apos;', "'")).toMatch(message)
  return text
}

describe('a form', () => {
  test.each([
    ['nothing', 0],
    ['a few bytes', 5],
    ['inline', 1000],
    ['in D1', 100 * KIB],
    ['in KV', 600 * KIB],
    ['exactly the size that is read whole', MIB],
    ['one byte more', MIB + 1],
    ['of several chunks', 3 * MIB + 17],
    ['of several segments', 49 * MIB + 5],
  ])('stores its file, byte for byte: %s', async (_, size) => {
    const body = someBytes(size)
    const { key, response } = await post({}, { file: body })
    expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([204, '', `"${md5Hex(body)}"`])
    const got = await bucket.get(key, { 'x-amz-checksum-mode': 'ENABLED' })
    expect(got.headers.get('content-length')).toBe(String(size))
    expect(got.headers.get('x-amz-checksum-crc64nvme')).toBe(checksum64('CRC64NVME', body))
    expectSameBytes(await bytesOf(got), body)
  })

  test.each([MIB - 3, 2 * MIB])('may have fields behind its file, and lines behind its end: %i bytes', async (size) => {
    const body = someBytes(size)
    const { key, response } = await post(
      {},
      {
        file: body,
        after: [
          ['submit', 'Upload'],
          ['note', 'ü'.repeat(500)],
        ],
        end: '--\r\nepilogue',
      },
    )
    expect(response.status).toBe(204)
    expectSameBytes(await bytesOf(await bucket.get(key)), body)
    const range = await bucket.get(key, { range: `bytes=${size - 5}-` })
    expectSameBytes(await bytesOf(range), body.subarray(size - 5))
    expect((await bucket.get(key, { range: `bytes=${size}-` })).status).toBe(416)
  })

  test('may end without a line break, and begin with one', async () => {
    const key = uniqueName('bare')
    const form = writeForm({ fields: signForm({ bucket: bucket.name, fields: [['key', key]] }), file: 'x', end: '--' })
    expect((await sendForm(bucket.name, Buffer.concat([Buffer.from('\r\n'), form]))).status).toBe(204)
    expect(await (await bucket.get(key)).text()).toBe('x')
  })

  test('may have a file that looks like its boundary', async () => {
    const body = Buffer.from(`\r\n--${BOUNDARY.slice(0, -1)}\r\n\r--${BOUNDARY}\r\n--\r\n`.repeat(40_000))
    const { key, response } = await post({}, { file: body })
    expect(response.status).toBe(204)
    expectSameBytes(await bytesOf(await bucket.get(key)), body)
  })

  test('makes what a PutObject with the same headers makes', async () => {
    const { key, fields } = withKey(
      ['Content-Type', 'image/png'],
      ['Cache-Control', 'max-age=60'],
      ['Content-Disposition', 'inline; filename="ü.png"'],
      ['Content-Encoding', 'identity'],
      ['Content-Language', 'de'],
      ['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT'],
      ['acl', 'public-read'],
      ['x-amz-storage-class', 'STANDARD_IA'],
      ['x-amz-meta-size', 'größer 😀'],
      ['Content-MD5', createHash('md5').update('data').digest('base64')],
      ['x-amz-checksum-xxhash128', checksum64('XXHASH128', Buffer.from('data'))],
      ['tagging', '<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>'],
    )
    const { response } = await post({ fields })
    expect(response.status).toBe(204)
    const head = await bucket.head(key, { 'x-amz-checksum-mode': 'ENABLED' })
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'max-age=60',
      'content-encoding': 'identity',
      'content-language': 'de',
      expires: 'Fri, 01 Jan 2100 00:00:00 GMT',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-meta-size': '=?UTF-8?B?Z3LDtsOfZXIg8J+YgA==?=',
      'x-amz-checksum-xxhash128': checksum64('XXHASH128', Buffer.from('data')),
      'x-amz-tagging-count': '1',
    })
    expect(await (await bucket.send('GET', key, { query: { tagging: '' } })).text()).toContain('<Key>a</Key><Value>b c</Value>')
  })

  test('takes no content type from the part of the file', async () => {
    const { key } = await post({}, { file: '<!DOCTYPE html><p>x' })
    expect((await bucket.head(key)).headers.get('content-type')).not.toBe('text/x-part')
  })

  test('seals its file with a customer key', async () => {
    const secret = Buffer.alloc(32, 7)
    const ssec: Record<string, string> = {
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': secret.toString('base64'),
      'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(secret).digest('base64'),
    }
    const { key, fields } = withKey(...Object.entries(ssec))
    const { response } = await post({ fields }, { file: someBytes(2 * MIB) })
    expect(headersOf(response, 'x-amz-server-side-encryption-customer-algorithm')).not.toEqual({})
    expect((await bucket.get(key)).status).toBe(400)
    expectSameBytes(await bytesOf(await bucket.get(key, ssec)), someBytes(2 * MIB))
  })
})

describe('the name of the file', () => {
  test.each([
    ['a b.txt', 'a b.txt'],
    ['C:\\dir\\x.txt', 'x.txt'],
    ['dir/x.txt', 'x.txt'],
    ['ü%22$&.txt', 'ü"$&.txt'],
    [null, ''],
  ])('%j takes its place in the fields', async (filename, name) => {
    const folder = uniqueName('name')
    const fields: Field[] = [
      ['key', `${folder}/\${filename}-\${filename}`],
      ['x-amz-meta-name', `\${filename}`],
    ]
    const conditions = [
      ['starts-with', '$key', `${folder}/`],
      ['starts-with', '$x-amz-meta-name', ''],
    ]
    const signed = signForm({ bucket: bucket.name, fields: [], conditions })
    const response = await sendForm(bucket.name, writeForm({ fields: [...fields, ...signed], filename, file: name || 'x' }))
    expect(response.status).toBe(204)
    const { Contents } = await bucket.s3.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix: folder }))
    expect(Contents?.map(({ Key }) => Key)).toEqual([`${folder}/${name}-${name}`])
  })

  test('in an exact condition is not what the signer wrote', async () => {
    const { response } = await post({ fields: [['key', `exact/\${filename}`]] })
    await expectRefused(response, 403, 'AccessDenied', `Policy Condition failed: ["eq", "$key", "exact/\${filename}"]`)
  })
})

describe('the answer', () => {
  const location = (key: string) => `${inject('server').endpoint}/${bucket.name}/${key}`

  test.each(['200', '204', '', '202', 'junk'])('has the status that success_action_status %j asks for', async (wanted) => {
    const { key, fields } = withKey(['success_action_status', wanted])
    const { response } = await post({ fields })
    expect([response.status, await response.text()]).toEqual([wanted === '200' ? 200 : 204, ''])
    expect(response.headers.get('location')).toBe(location(key))
    expect(response.headers.get('x-amz-version-id')).toMatch(/^[0-9a-f]{32}$/)
  })

  test('201 describes the object', async () => {
    const key = `${uniqueName('a')}/ü & b`
    const { response } = await post({
      fields: [
        ['key', key],
        ['success_action_status', '201'],
      ],
    })
    expect([response.status, response.headers.get('content-type')]).toEqual([201, 'application/xml'])
    const url = location(encodeURIComponent(key))
    expect(await response.text()).toBe(
      `<?xml version="1.0" encoding="UTF-8"?><PostResponse><Location>${url}</Location><Bucket>${bucket.name}</Bucket><Key>${key.replace('&', '&amp;')}</Key><ETag>&quot;${md5Hex('data')}&quot;</ETag></PostResponse>`,
    )
  })

  test.each(['success_action_redirect', 'redirect'])('leads to the page that %s names', async (name) => {
    const { key, fields } = withKey([name, 'https://example.com/done?a=%20b#top'], ['success_action_status', '201'])
    const { response } = await post({ fields })
    const query = `a=%20b&bucket=${bucket.name}&key=${key}&etag=%22${md5Hex('data')}%22`
    expect([response.status, response.headers.get('location')]).toEqual([303, `https://example.com/done?${query}#top`])
  })

  test.each(['/relative', 'javascript:alert(1)', 'not a url'])('ignores the redirect to %j', async (url) => {
    const { fields } = withKey(['success_action_redirect', url])
    expect((await post({ fields })).response.status).toBe(204)
  })

  test('can be read by pages of allowed origins, errors as well', async () => {
    const rules = '<CORSRule><AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>POST</AllowedMethod></CORSRule>'
    await bucket.send('PUT', '', { query: { cors: '' }, body: `<CORSConfiguration>${rules}</CORSConfiguration>` })
    const origin = { origin: 'https://a.example' }
    const allowed = async (...form: Parameters<typeof post>) => (await post(...form)).response.headers.get('access-control-allow-origin')
    expect(await allowed({}, {}, origin)).toBe('https://a.example')
    expect(await allowed({ expiresMs: 0 }, {}, origin)).toBe('https://a.example')
    expect(await allowed({}, {}, { origin: 'https://b.example' })).toBeNull()
  })
})

describe('a policy', () => {
  const failed = (condition: string) => `Invalid according to Policy: Policy Condition failed: ${condition}`
  const attempt = async (value: string, conditions: readonly (readonly unknown[] | object)[], field = 'x-amz-meta-a') => {
    const key = uniqueName('policy')
    const signed = signForm({ bucket: bucket.name, fields: [['key', key]], conditions: conditions as never })
    return sendForm(bucket.name, writeForm({ fields: [[field, value], ...signed] }))
  }

  test.each<[string, readonly unknown[] | object]>([
    ['b', { 'x-amz-meta-a': 'b' }],
    ['b', { 'X-Amz-Meta-A': 'b' }],
    ['b', ['eq', '$x-amz-meta-a', 'b']],
    ['b', ['eq', '$X-AMZ-Meta-a', 'b']],
    ['bcd', ['starts-with', '$x-amz-meta-a', 'bc']],
    ['', ['starts-with', '$x-amz-meta-a', '']],
  ])('passes %j by %j', async (value, condition) => {
    expect((await attempt(value, [condition])).status).toBe(204)
  })

  test.each<[string, readonly unknown[] | object, string]>([
    ['c', { 'x-amz-meta-a': 'b' }, '["eq", "$x-amz-meta-a", "b"]'],
    ['B', ['eq', '$x-amz-meta-a', 'b'], '["eq", "$x-amz-meta-a", "b"]'],
    ['b', ['eq', 'x-amz-meta-a', 'b'], '["eq", "x-amz-meta-a", "b"]'],
    ['cb', ['starts-with', '$x-amz-meta-a', 'b'], '["starts-with", "$x-amz-meta-a", "b"]'],
    ['b', ['starts-with', '$x-amz-meta-absent', ''], '["starts-with", "$x-amz-meta-absent", ""]'],
    ['b', ['content-length-range', 'x', 10], '["content-length-range", "x", 10]'],
  ])('refuses %j by %j', async (value, condition, text) => {
    const response = await attempt(value, [condition])
    expect(response.status).toBe(403)
    await expectRefused(response, 403, 'AccessDenied')
    const again = await attempt(value, [condition])
    expect((await again.text()).replaceAll('&quot;', '"')).toContain(failed(text))
  })

  test.each([
    ['image/png, image/gif', 204],
    ['image/png, text/html', 403],
  ])('asks each type of a list to start with the prefix: %s', async (value, status) => {
    expect((await attempt(value, [['starts-with', '$Content-Type', 'image/']], 'Content-Type')).status).toBe(status)
  })

  test('refuses a field without a condition, and lets those of x-ignore- pass', async () => {
    const response = await attempt('x', [], 'X-Amz-Meta-Extra')
    await expectRefused(response, 403, 'AccessDenied', 'Invalid according to Policy: Extra input fields: X-Amz-Meta-Extra')
    expect((await attempt('x', [], 'x-ignore-note')).status).toBe(204)
  })

  test('is of one bucket', async () => {
    const other = uniqueName('other')
    const { response } = await post({ bucket: other })
    await expectRefused(response, 403, 'AccessDenied', /Policy Condition failed/)
    const key = uniqueName('any')
    const conditions = [
      { key },
      ['starts-with', '$x-amz-algorithm', ''],
      ['starts-with', '$x-amz-credential', ''],
      ['starts-with', '$x-amz-date', ''],
    ]
    const policy = Buffer.from(JSON.stringify({ expiration: new Date(Date.now() + 60_000), conditions })).toString('base64')
    const signed = signForm({ bucket: bucket.name, fields: [['key', key]], policy })
    await expectRefused(await sendForm(bucket.name, writeForm({ fields: signed })), 403, 'AccessDenied', /Extra input fields: bucket/)
  })

  test('expires', async () => {
    const { response } = await post({ expiresMs: Date.now() - 1000 })
    await expectError(response, 403, 'AccessDenied', 'Invalid according to Policy: Policy expired.')
  })

  const range = (min: unknown, max: unknown) => ({ conditions: [['content-length-range', min, max]] })

  test.each([
    [0, 4, 4],
    [4, 4, 4],
    ['4', '10', 4],
    [0, 2 * MIB, 2 * MIB],
    [2 * MIB, 3 * MIB, 2 * MIB],
  ])('lets sizes from %j to %j pass: %i', async (min, max, size) => {
    const { key, response } = await post(range(min, max), { file: someBytes(size), after: [['submit', 'x']] })
    expect(response.status).toBe(204)
    expectSameBytes(await bytesOf(await bucket.get(key)), someBytes(size))
  })

  test.each([
    [0, 3, 4, 'EntityTooLarge', 'MaxSizeAllowed'],
    [0, 2 * MIB, 2 * MIB + 1, 'EntityTooLarge', 'MaxSizeAllowed'],
    [5, 10, 4, 'EntityTooSmall', 'MinSizeAllowed'],
    [2 * MIB + 1, 3 * MIB, 2 * MIB, 'EntityTooSmall', 'MinSizeAllowed'],
  ])('refuses sizes outside %j to %j: %i', async (min, max, size, code, field) => {
    const { key, response } = await post(range(min, max), { file: someBytes(size) })
    const text = await expectRefused(response, 400, code)
    expect(elementOf(text, field)).toBe(String(code === 'EntityTooLarge' ? max : min))
    await expectNoSuchKey(await bucket.get(key))
  })

  test.each([
    ['not base64', '!!'],
    ['not JSON', Buffer.from('{').toString('base64')],
    ['no object', Buffer.from('[]').toString('base64')],
    ...[{}, { expiration: '2100-01-01T00:00:00Z' }, { conditions: [] }, { expiration: 'soon', conditions: [] }].map((document) => [
      JSON.stringify(document),
      Buffer.from(JSON.stringify(document)).toString('base64'),
    ]),
  ])('that is %s is invalid', async (_, policy) => {
    const { response } = await post({ policy })
    await expectRefused(response, 400, 'InvalidPolicyDocument', /^Invalid Policy: /)
  })
})

describe('a signature', () => {
  test('is demanded', async () => {
    const response = await sendForm(bucket.name, writeForm({ fields: [['key', 'anonymous']] }))
    await expectError(response, 403, 'AccessDenied', 'Access Denied')
    await expectNoSuchKey(await bucket.get('anonymous'))
  })

  test.each(['policy', 'x-amz-algorithm', 'x-amz-credential', 'x-amz-date', 'x-amz-signature'])('needs the field %s', async (absent) => {
    const fields = signForm({ bucket: bucket.name, fields: [['key', 'a']] }).filter(([name]) => name !== absent)
    const text = /^Bucket POST must contain a field named '[^']+'\. {2}If it is specified, please check the order of the fields\.$/
    const response = await sendForm(bucket.name, writeForm({ fields }))
    const body = await expectRefused(response, 400, 'InvalidArgument', text)
    expect(elementOf(body, 'ArgumentName')?.toLowerCase()).toBe(absent)
  })

  test('needs a key', async () => {
    await expectRefused((await post({ fields: [] })).response, 400, 'InvalidArgument', /a field named 'key'/)
    await expectRefused((await post({ fields: [['key', '']] })).response, 400, 'InvalidArgument', /a field named 'key'/)
  })

  test('with fields behind the file is not complete', async () => {
    const fields = signForm({ bucket: bucket.name, fields: [['key', 'late']] })
    const response = await sendForm(bucket.name, writeForm({ fields: fields.slice(0, -1), after: fields.slice(-1) }))
    await expectRefused(response, 400, 'InvalidArgument', /X-Amz-Signature.*order of the fields/)
  })

  test.each([
    ['by another secret', { secretAccessKey: 'wrong' }, 403, 'SignatureDoesNotMatch'],
    ['of nobody', { accessKeyId: 'ab'.repeat(16) }, 401, 'Unauthorized'],
  ])('%s is refused', async (_, own, status, code) => {
    const { key, response } = await post(own)
    await expectRefused(response, status, code)
    await expectNoSuchKey(await bucket.get(key))
  })

  test('of another policy is refused, and shows what was signed', async () => {
    const fields = signForm({ bucket: bucket.name, fields: [['key', 'other']] })
    const swapped = fields.map(([name, value]): Field => [name, name === 'policy' ? `${value} ` : value])
    const text = await expectRefused(await sendForm(bucket.name, writeForm({ fields: swapped })), 403, 'SignatureDoesNotMatch')
    expect(elementOf(text, 'StringToSign')).toBe(swapped.find(([name]) => name === 'policy')![1])
  })

  test.each([
    ['x-amz-algorithm', 'AWS4-HMAC-SHA1', 'Only AWS4-HMAC-SHA256 is supported'],
    ['x-amz-date', '2026-11-27', 'X-Amz-Date must be formated via ISO8601 Long format'],
    ['x-amz-credential', 'a/b', 'Credential sigv4 header should have at least 5 slash-separated parts, not 2'],
  ])('with a wrong %s says so', async (name, value, message) => {
    const fields = signForm({ bucket: bucket.name, fields: [['key', 'wrong']] }).map(([id, old]): Field => [id, id === name ? value : old])
    await expectRefused(await sendForm(bucket.name, writeForm({ fields })), 400, 'InvalidArgument', message)
  })

  test('of version 2 is refused as on R2', async () => {
    const fields: Field[] = [
      ['key', 'a'],
      ['AWSAccessKeyId', 'a'],
      ['signature', 'b'],
      ['policy', 'c'],
    ]
    await expectRefused(await sendForm(bucket.name, writeForm({ fields })), 401, 'Unauthorized', /SigV2 authorization is not supported/)
  })
})

describe('a form that is not well-formed stores nothing', () => {
  const signed = (key: string) => signForm({ bucket: bucket.name, fields: [['key', key]] })

  test.each<[string, (form: Buffer) => Buffer]>([
    ['cut in the file', (form) => form.subarray(0, form.length - BOUNDARY.length - 20)],
    ['cut in the last delimiter', (form) => form.subarray(0, form.length - 5)],
    ['without the last dash', (form) => form.subarray(0, form.length - 3)],
    ['with text behind the delimiter', (form) => Buffer.concat([form.subarray(0, form.length - 4), Buffer.from('x\r\n')])],
    ['empty', () => Buffer.alloc(0)],
    ['without a delimiter', () => Buffer.from('hello')],
    ['with a part that has no name', (form) => Buffer.from(form.toString('latin1').replace('name="key"', 'id="key"'), 'latin1')],
    ['with a part that has no header', (form) => Buffer.concat([Buffer.from(`--${BOUNDARY}\r\n\r\nx\r\n`), form])],
    ['with bare line feeds', (form) => Buffer.from(form.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')],
  ])('%s', async (_, change) => {
    for (const size of [10, 2 * MIB]) {
      const key = uniqueName('malformed')
      const form = change(writeForm({ fields: signed(key), file: someBytes(size) }))
      const text = 'The body of your POST request is not well-formed multipart/form-data.'
      await expectError(await sendForm(bucket.name, form), 400, 'MalformedPOSTRequest', text)
      await expectNoSuchKey(await bucket.get(key))
    }
  })

  test.each([10, 2 * MIB])('with two files: %i bytes', async (size) => {
    const key = uniqueName('two')
    const form = writeForm({ fields: signed(key), file: someBytes(size), after: [['file', 'second']] })
    const text = await expectRefused(
      await sendForm(bucket.name, form),
      400,
      'InvalidArgument',
      'POST requires exactly one file upload per request.',
    )
    expect([elementOf(text, 'ArgumentName'), elementOf(text, 'ArgumentValue')]).toEqual(['file', '2'])
    await expectNoSuchKey(await bucket.get(key))
  })

  test('without a file', async () => {
    const key = uniqueName('none')
    const response = await sendForm(bucket.name, writeForm({ fields: signed(key), file: null }))
    const text = await expectRefused(response, 400, 'InvalidArgument', 'POST requires exactly one file upload per request.')
    expect(elementOf(text, 'ArgumentValue')).toBe('0')
  })

  test('with more than 20 KB in front of the file or behind it', async () => {
    const long: Field[] = [['x-ignore-a', 'x'.repeat(20 * KIB)]]
    const [front, behind] = [uniqueName('front'), uniqueName('behind')]
    for (const [key, form] of [
      [front, writeForm({ fields: [...long, ...signed(front)] })],
      [behind, writeForm({ fields: signed(behind), file: someBytes(2 * MIB), after: long })],
    ] as const) {
      await expectRefused(await sendForm(bucket.name, form), 400, 'MaxPostPreDataLengthExceeded')
      await expectNoSuchKey(await bucket.get(key))
    }
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/mixed; boundary=x'])('of the type %s', async (type) => {
    const response = await sendForm(bucket.name, writeForm({ fields: signed('type') }), { headers: { 'content-type': type } })
    const text = await expectRefused(response, 412, 'PreconditionFailed')
    expect(elementOf(text, 'Condition')).toBe('Bucket POST must be of the enclosure-type multipart/form-data')
  })

  test.each(['multipart/form-data', 'multipart/form-data; boundary=', `multipart/form-data; boundary=${'a'.repeat(71)}`])(
    'with the content type %s',
    async (type) => {
      const response = await sendForm(bucket.name, writeForm({ fields: signed('type') }), { headers: { 'content-type': type } })
      await expectRefused(response, 400, 'MalformedPOSTRequest')
    },
  )

  test('whose length is not announced', async () => {
    const body = new Blob([new Uint8Array(writeForm({ fields: signed('chunked') }))]).stream()
    const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
    const response = await plainFetch(`/${bucket.name}`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
    await expectRefused(response, 411, 'MissingContentLength')
  })

  test.each([2000, 3 * MIB])('whose connection breaks off: %i bytes', async (size) => {
    const key = uniqueName('broken')
    const form = writeForm({ fields: signed(key), file: someBytes(size) })
    const { host, hostname, port } = new URL(inject('server').endpoint)
    const socket = connect(Number(port), hostname)
    const type = `multipart/form-data; boundary=${BOUNDARY}`
    socket.write(`POST /${bucket.name} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: ${type}\r\ncontent-length: ${form.length}\r\n\r\n`)
    socket.write(form.subarray(0, form.length - 100), () => socket.destroy())
    await new Promise((resolve) => socket.on('close', resolve))
    await new Promise((resolve) => setTimeout(resolve, 300))
    await expectNoSuchKey(await bucket.get(key))
  })

  test.each([
    ['a wrong Content-MD5', 'Content-MD5', createHash('md5').update('other').digest('base64'), 'BadDigest'],
    ['a wrong checksum', 'x-amz-checksum-sha512', checksum64('SHA512', Buffer.from('other')), 'BadDigest'],
    ['a redirect of the object', 'x-amz-website-redirect-location', '/x', 'NotImplemented'],
    ['tags that are no XML', 'tagging', 'a=b', 'MalformedXML'],
    ['a value that is no header', 'x-amz-meta-a', 'a\r\nb', 'InvalidArgument'],
  ])('with %s', async (_, name, value, code) => {
    for (const size of [10, 2 * MIB]) {
      const { key, fields } = withKey([name, value])
      const { response } = await post({ fields }, { file: someBytes(size) })
      expect(elementOf(await response.text(), 'Code')).toBe(code)
      await expectNoSuchKey(await bucket.get(key))
    }
  })
})

describe('createPresignedPost of the AWS SDK', () => {
  test('makes a form that FormData sends', async () => {
    const folder = uniqueName('sdk')
    const { url, fields } = await createPresignedPost(bucket.s3 as never, {
      Bucket: bucket.name,
      Key: `${folder}/\${filename}`,
      Conditions: [
        ['content-length-range', 1, 10 * MIB],
        ['starts-with', '$Content-Type', 'image/'],
      ],
      Fields: { success_action_status: '201', 'x-amz-meta-user': 'me' },
      Expires: 60,
    })
    const body = someBytes(3 * MIB)
    const send = (type: string) => {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      form.append('Content-Type', type)
      form.append('file', new File([new Uint8Array(body)], 'ü 1.png', { type }))
      return fetch(url, { method: 'POST', body: form })
    }
    const response = await send('image/png')
    expect([response.status, elementOf(await response.text(), 'Key')]).toEqual([201, `${folder}/ü 1.png`])
    const got = await bucket.get(`${folder}/ü 1.png`)
    expect([got.headers.get('content-type'), got.headers.get('x-amz-meta-user')]).toEqual(['image/png', 'me'])
    expectSameBytes(await bytesOf(got), body)
    expect((await send('text/html')).status).toBe(403)
  })
})
