import { HeadObjectCommand, RenameObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { bytesOf, expectError, expectNoSuchBucket, expectNoSuchKey, expectPreconditionFailed, expectSameBytes } from './support/answers.ts'
import { signedFetch, uniqueName } from './support/clients.ts'
import { openUpload, PART_A, TAIL } from './support/multipart.ts'
import { etagOf, KIB, lentBucket, someBytes } from './support/objects.ts'
import { restFetch } from './support/rest.ts'

const bucket = lentBucket()

const rename = (source: string, key: string, headers: Record<string, string> = {}) =>
  bucket.send('PUT', key, { query: { renameObject: '' }, headers: { 'x-amz-rename-source': source, ...headers } })
const put = async (key: string, body: string | Uint8Array = key, headers: Record<string, string> = {}) => bucket.put(key, body, headers)
const textOf = async (key: string) => (await bucket.get(key)).text()
const exists = async (key: string) => (await bucket.head(key)).status === 200

/** What a rename keeps. */
async function headOf(key: string): Promise<Record<string, string>> {
  const { headers } = await bucket.head(key, { 'x-amz-checksum-mode': 'ENABLED' })
  const changing = ['date', 'x-amz-request-id', 'x-amz-version-id', 'connection', 'keep-alive']
  return Object.fromEntries([...headers].filter(([name]) => !changing.includes(name)))
}

describe('RenameObject', () => {
  test.each([
    ['inline', 10],
    ['in D1', 100 * KIB],
    ['in KV', 600 * KIB],
    ['empty', 0],
  ])('moves an object with all that belongs to it: %s', async (_, size) => {
    const [from, to] = [uniqueName('from'), uniqueName('to')]
    const bytes = someBytes(size)
    await put(from, bytes, {
      'content-type': 'text/x-kept',
      'x-amz-meta-color': 'blue',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-tagging': 'a=b',
    })
    const before = await headOf(from)
    const response = await rename(from, to)
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(await headOf(to)).toEqual(before)
    expect(before).toMatchObject({ 'x-amz-meta-color': 'blue', 'x-amz-tagging-count': '1' })
    expectSameBytes(await bytesOf(await bucket.get(to)), bytes)
    await expectNoSuchKey(await bucket.get(from))
  })

  test('moves a multipart object, with its parts', async () => {
    const upload = await openUpload(bucket, 'parts-before')
    await upload.finish([await upload.part(1, PART_A), await upload.part(2, TAIL)])
    expect((await rename('parts-before', 'parts-after')).status).toBe(200)
    const part = await bucket.send('GET', 'parts-after', { query: { partNumber: '2' } })
    expectSameBytes(await bytesOf(part), TAIL)
    expect(part.headers.get('x-amz-mp-parts-count')).toBe('2')
  })

  test('replaces the object that the new key had', async () => {
    await put('old')
    await put('new')
    expect((await rename('old', 'new')).status).toBe(200)
    expect([await textOf('new'), await exists('old')]).toEqual(['old', false])
  })

  test.each([
    ['plain', 'plain'],
    ['/slashed', 'slashed'],
    ['dir/in%20a%2Bfolder', 'dir/in a+folder'],
    ['%2Fleading', '/leading'],
    ['//leading', '/leading'],
    ['%C3%BC?&=', 'ü?&='],
  ])('reads the source %s as the key %j', async (source, key) => {
    await bucket.put(key, key)
    const to = uniqueName('read')
    expect((await rename(source, to)).status).toBe(200)
    expect(await textOf(to)).toBe(key)
  })

  test('to another spelling of its own key, and to its own key, keeps the object', async () => {
    await put('e\u0301', 'spelled')
    expect((await rename(encodeURIComponent('e\u0301'), '\u00e9')).status).toBe(200)
    const listed = await (await signedFetch('GET', `/${bucket.name}`, { query: { prefix: '\u00e9' } })).text()
    expect(listed).toContain('<Key>\u00e9</Key>')
    expect((await rename('%C3%A9', '\u00e9')).status).toBe(200)
    expect(await textOf('e\u0301')).toBe('spelled')
    await expectPreconditionFailed(await rename('%C3%A9', '\u00e9', { 'if-none-match': '*' }))
  })

  test('of a missing object is 404, and changes nothing', async () => {
    await put('stays')
    await expectNoSuchKey(await rename('missing', 'stays'))
    expect(await textOf('stays')).toBe('stays')
    await expectNoSuchBucket(
      await signedFetch('PUT', `/${uniqueName('nowhere')}/a`, { query: { renameObject: '' }, headers: { 'x-amz-rename-source': 'b' } }),
    )
  })

  test.each<[string, Record<string, string>]>([
    ['no source', {}],
    ['an empty source', { 'x-amz-rename-source': '' }],
    ['a slash', { 'x-amz-rename-source': '/' }],
  ])('refuses %s', async (_, headers) => {
    await put('stays')
    const response = await bucket.send('PUT', 'stays', { query: { renameObject: '' }, headers })
    await expectError(response, 400, 'InvalidArgument', 'rename source key')
    expect(await textOf('stays')).toBe('stays')
  })

  test('refuses a parameter that it does not have', async () => {
    await put('stays')
    const headers = { 'x-amz-rename-source': 'stays' }
    const response = await bucket.send('PUT', 'other', { query: { renameObject: '', junk: '' }, headers })
    await expectError(response, 501, 'NotImplemented', 'RenameObject search parameter junk not implemented')
  })

  test('stores nothing without the parameter', async () => {
    await put('stays')
    const response = await bucket.send('PUT', 'other', { headers: { 'x-amz-rename-source': 'stays' } })
    await expectError(response, 501, 'NotImplemented', "Header 'x-amz-rename-source' with value 'stays' not implemented")
    expect(await exists('other')).toBe(false)
  })

  test('moves an object that is sealed by a customer without the key', async () => {
    const key = Buffer.alloc(32, 5)
    const sealed = {
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': key.toString('base64'),
      'x-amz-server-side-encryption-customer-key-md5': Buffer.from(etagOf(key).slice(1, -1), 'hex').toString('base64'),
    }
    await put('sealed', 'secret', sealed)
    expect((await rename('sealed', 'still-sealed')).status).toBe(200)
    expect((await bucket.get('still-sealed')).status).toBe(400)
    expect(await (await bucket.get('still-sealed', sealed)).text()).toBe('secret')
  })
})

describe('conditions', () => {
  const [PAST, FUTURE] = ['Mon, 01 Jan 2001 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT']

  test.each<[Record<string, string>, boolean]>([
    [{ 'if-match': etagOf('from') }, true],
    [{ 'if-match': etagOf('to') }, false],
    [{ 'if-none-match': etagOf('to') }, true],
    [{ 'if-none-match': '*' }, false],
    [{ 'if-modified-since': PAST }, true],
    [{ 'if-modified-since': FUTURE }, false],
    [{ 'if-unmodified-since': FUTURE }, true],
    [{ 'if-unmodified-since': PAST }, false],
  ])('on the source, %o: %s', async (conditions, holds) => {
    const headers = Object.fromEntries(Object.entries(conditions).map(([name, value]) => [`x-amz-rename-source-${name}`, value]))
    await put('from')
    await put('to')
    const response = await rename('from', 'to', headers)
    if (holds) expect(response.status).toBe(200)
    else await expectPreconditionFailed(response)
    expect([await textOf('to'), await exists('from')]).toEqual(holds ? ['from', false] : ['to', true])
  })

  test.each<[Record<string, string>, there: boolean, missing: boolean]>([
    [{ 'if-match': etagOf('to') }, true, false],
    [{ 'if-match': '*' }, true, false],
    [{ 'if-match': etagOf('from') }, false, false],
    [{ 'if-none-match': '*' }, false, true],
    [{ 'if-unmodified-since': PAST }, false, true],
    [{ 'if-modified-since': FUTURE }, false, false],
  ])('on the destination, %o: %s where there is an object, %s where there is none', async (headers, there, missing) => {
    for (const [isThere, holds] of [
      [true, there],
      [false, missing],
    ] as const) {
      const to = uniqueName('to')
      await put('from')
      if (isThere) await put(to, 'to')
      const response = await rename('from', to, headers)
      if (holds) expect(response.status).toBe(200)
      else await expectPreconditionFailed(response)
      expect(await exists('from')).toBe(!holds)
      expect(holds ? await textOf(to) : isThere ? await textOf(to) : undefined).toBe(holds ? 'from' : isThere ? 'to' : undefined)
    }
  })

  test('of several renames to one new key, one succeeds', async () => {
    const sources = ['r1', 'r2', 'r3', 'r4']
    for (const key of sources) await put(key)
    const answers = await Promise.all(sources.map((key) => rename(key, 'won', { 'if-none-match': '*' })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412])
    const left = await Promise.all(sources.map(exists))
    expect(left.filter(Boolean)).toHaveLength(3)
    expect(sources[left.indexOf(false)]).toBe(await textOf('won'))
  })
})

describe('a token', () => {
  test('makes a rename that is sent again succeed', async () => {
    await put('from')
    const token = { 'x-amz-client-token': uniqueName('token') }
    for (let n = 0; n < 3; n++) expect((await rename('from', 'token-to', { ...token, 'if-none-match': '*' })).status).toBe(200)
    expect(await textOf('token-to')).toBe('from')
    await expectNoSuchKey(await rename('from', 'token-to', { 'x-amz-client-token': uniqueName('token') }))
    await expectNoSuchKey(await rename('from', 'elsewhere', token))
  })

  test('of a rename whose object was replaced since is no excuse', async () => {
    await put('from')
    const token = { 'x-amz-client-token': uniqueName('token') }
    expect((await rename('from', 'token-to', token)).status).toBe(200)
    await put('token-to', 'newer')
    await expectNoSuchKey(await rename('from', 'token-to', token))
    expect(await textOf('token-to')).toBe('newer')
  })

  test.each(['', 'a b', 'x'.repeat(65)])('%j is refused', async (value) => {
    await put('from')
    const response = await rename('from', 'refused', { 'x-amz-client-token': value })
    // An empty header counts as absent.
    if (value === '') expect(response.status).toBe(200)
    else await expectError(response, 400, 'InvalidArgument', 'x-amz-client-token has 1 to 64 printable ASCII characters.')
  })
})

test('a lock on either key refuses', async () => {
  const lock = (prefix: string | undefined) =>
    restFetch('PUT', `/accounts/{account}/r2/buckets/${bucket.name}/lock`, {
      body: { rules: prefix === undefined ? [] : [{ id: 'locked', enabled: true, prefix, condition: { type: 'Indefinite' } }] },
    })
  await put('locked/a')
  await put('free/a')
  expect((await lock('locked/')).status).toBe(200)
  const refused = (response: Response) =>
    expectError(response, 409, 'ObjectLockedByBucketPolicy', 'The object is locked by the bucket policy.')
  await refused(await rename('locked/a', 'free/b'))
  await refused(await rename('free/a', 'locked/a'))
  expect((await rename('free/a', 'locked/b')).status).toBe(200)
  await refused(await rename('locked/b', 'free/a'))
  expect([await textOf('locked/a'), await textOf('locked/b')]).toEqual(['locked/a', 'free/a'])
  expect((await lock(undefined)).status).toBe(200)
})

test('the AWS SDK renames', async () => {
  const Bucket = bucket.name
  await put('sdk from')
  await bucket.s3.send(
    new RenameObjectCommand({ Bucket, Key: 'sdk to', RenameSource: encodeURIComponent('sdk from'), SourceIfMatch: etagOf('sdk from') }),
  )
  expect((await bucket.s3.send(new HeadObjectCommand({ Bucket, Key: 'sdk to' }))).ETag).toBe(etagOf('sdk from'))
  const missing = bucket.s3.send(new RenameObjectCommand({ Bucket, Key: 'sdk to', RenameSource: 'sdk%20from' }))
  await expect(missing).rejects.toMatchObject({ name: 'NoSuchKey' })
  await put('sdk from')
  const taken = bucket.s3.send(new RenameObjectCommand({ Bucket, Key: 'sdk to', RenameSource: 'sdk%20from', DestinationIfNoneMatch: '*' }))
  await expect(taken).rejects.toMatchObject({ name: 'PreconditionFailed' })
})
