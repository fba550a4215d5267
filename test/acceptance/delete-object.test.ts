import { DeleteObjectCommand, DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { Client } from 'minio'
import { describe, expect, inject, test } from 'vitest'
import { expectError, expectHeaderNotImplemented, expectNoSuchBucket, expectNoSuchKey } from './support/answers.ts'
import { signedFetch, uniqueName } from './support/clients.ts'
import { digest64, KIB, lentBucket, md5Hex, someBytes } from './support/objects.ts'

const bucket = lentBucket()

/** One DeleteObjects request with this body. */
const deleteObjects = (body: string, headers: Record<string, string> = {}) =>
  signedFetch('POST', `/${bucket.name}`, { query: { delete: '' }, body: Buffer.from(body), headers })

const objects = (...keys: string[]) => keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')

const exists = async (key: string) => (await bucket.head(key)).status === 200

/** Expects a DeleteResult to the letter. */
async function expectDeleted(response: Response, ...keys: string[]): Promise<void> {
  const entries = keys.map((key) => `<Deleted><Key>${key}</Key></Deleted>`).join('')
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    200,
    'application/xml',
    `<?xml version="1.0" encoding="UTF-8"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${entries}</DeleteResult>`,
  ])
}

describe('DeleteObject', () => {
  test.each([
    ['inline', 10],
    ['in D1', 100 * KIB],
    ['in KV', 600 * KIB],
    ['empty', 0],
  ])('takes an object away: %s', async (_, size) => {
    const key = uniqueName('gone')
    await bucket.put(key, someBytes(size))
    const response = await bucket.send('DELETE', key)
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect(response.headers.get('x-amz-delete-marker')).toBeNull()
    expect(response.headers.get('x-amz-version-id')).toBeNull()
    await expectNoSuchKey(await bucket.get(key))
    const { KeyCount } = await bucket.s3.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix: key }))
    expect(KeyCount).toBe(0)
  })

  test('of a missing key succeeds too, time and again', async () => {
    for (let n = 0; n < 2; n++) expect((await bucket.send('DELETE', 'never-there')).status).toBe(204)
  })

  test('takes away nothing but that key', async () => {
    for (const key of ['a', 'a/', 'a/b']) await bucket.put(key, key)
    await bucket.send('DELETE', 'a/')
    expect([await exists('a'), await exists('a/'), await exists('a/b')]).toEqual([true, false, true])
  })

  test('in a missing bucket is 404', async () => {
    await expectNoSuchBucket(await signedFetch('DELETE', `/${uniqueName('absent')}/key`))
  })

  test.each(['acl', 'retention', 'junk'])('ignores ?%s and deletes the object', async (name) => {
    await bucket.put('subresource', 'x')
    expect((await bucket.send('DELETE', 'subresource', { query: { [name]: '' } })).status).toBe(204)
    expect(await exists('subresource')).toBe(false)
  })

  test('with versionId is not implemented, and deletes nothing', async () => {
    await bucket.put('versioned', 'x')
    const response = await bucket.send('DELETE', 'versioned', { query: { versionId: 'null' } })
    await expectError(response, 501, 'NotImplemented', 'versionId not implemented')
    expect(await exists('versioned')).toBe(true)
  })

  test('refuses x-amz-mfa, and another expected owner', async () => {
    await bucket.put('screened', 'x')
    await expectHeaderNotImplemented(await bucket.send('DELETE', 'screened', { headers: { 'x-amz-mfa': 'v' } }), 'x-amz-mfa', 'v')
    const owner = { 'x-amz-expected-bucket-owner': 'v' }
    await expectError(await bucket.send('DELETE', 'screened', { headers: owner }), 403, 'AccessDenied', 'Access Denied')
    expect(await exists('screened')).toBe(true)
  })

  test.each(['true', 'false', 'v'])('needs no bypass of a retention: x-amz-bypass-governance-retention: %s', async (value) => {
    await bucket.put('free', 'x')
    const headers = { 'x-amz-bypass-governance-retention': value, 'x-amz-expected-bucket-owner': inject('server').accountId }
    expect((await bucket.send('DELETE', 'free', { headers })).status).toBe(204)
    expect(await exists('free')).toBe(false)
    await bucket.put('free', 'x')
    await expectDeleted(await deleteObjects(`<Delete>${objects('free')}</Delete>`, headers), 'free')
    expect(await exists('free')).toBe(false)
  })

  test('makes room for another object under the key', async () => {
    await bucket.put('again', 'first', { 'x-amz-meta-a': '1' })
    await bucket.send('DELETE', 'again')
    await bucket.put('again', 'second', {})
    const got = await bucket.get('again')
    expect([got.headers.get('x-amz-meta-a'), await got.text()]).toEqual([null, 'second'])
  })
})

describe('DeleteObjects', () => {
  test('answers with every key in the order of the request, those that were not there too', async () => {
    await bucket.put('b', 'x')
    await bucket.put('a', 'x')
    await expectDeleted(await deleteObjects(`<Delete>${objects('b', 'missing', 'a')}</Delete>`), 'b', 'missing', 'a')
    expect([await exists('a'), await exists('b')]).toEqual([false, false])
  })

  test.each(['true', 'false'])('lists the deleted keys whether Quiet is %s or not', async (quiet) => {
    await bucket.put('quiet', 'x')
    await expectDeleted(await deleteObjects(`<Delete>${objects('quiet')}<Quiet>${quiet}</Quiet></Delete>`), 'quiet')
    await bucket.put('quiet', 'x')
    await expectDeleted(await deleteObjects(`<Delete><Quiet>${quiet}</Quiet>${objects('quiet')}</Delete>`), 'quiet')
    expect(await exists('quiet')).toBe(false)
  })

  test('takes the same key twice', async () => {
    await bucket.put('twice', 'x')
    await expectDeleted(await deleteObjects(`<Delete>${objects('twice', 'twice')}</Delete>`), 'twice', 'twice')
  })

  test.each([
    ['with a declaration', `<?xml version="1.0" encoding="UTF-8"?>\n<Delete>${objects('form')}</Delete>`],
    ['with the namespace', `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${objects('form')}</Delete>`],
    ['with white space and comments', `\n<Delete>\n  <!-- one -->\n  <Object>\n    <Key>form</Key>\n  </Object>\n</Delete>\n`],
    ['with CDATA', '<Delete><Object><Key><![CDATA[form]]></Key></Object></Delete>'],
    ['with references', '<Delete><Object><Key>f&#111;r&#x6D;</Key></Object></Delete>'],
    ['with what stands beside a key', '<Delete><Object><Key>form</Key><VersionId>null</VersionId><Owner>x</Owner></Object></Delete>'],
  ])('reads a body %s', async (_, body) => {
    await bucket.put('form', 'x')
    await expectDeleted(await deleteObjects(body), 'form')
    expect(await exists('form')).toBe(false)
  })

  test.each([' padded ', '  ', '007', '1e3', '0x10', 'true', 'a\n b'])('takes the key %j as it is written', async (key) => {
    await bucket.put(key, 'x')
    await expectDeleted(await deleteObjects(`<Delete>${objects(key)}</Delete>`), key)
    expect(await exists(key)).toBe(false)
  })

  test('escapes keys in its answer', async () => {
    await bucket.put('<a & "b" \'c\'>', 'x')
    const escaped = '&lt;a &amp; &quot;b&quot; &apos;c&apos;&gt;'
    await expectDeleted(await deleteObjects(`<Delete>${objects(escaped)}</Delete>`), escaped)
    expect(await exists('<a & "b" \'c\'>')).toBe(false)
  })

  const MALFORMED = 'The XML you provided was not well formed or did not validate against our published schema.'
  const SAFE = objects('safe')
  test.each([
    ['nothing', ''],
    ['text', 'delete everything'],
    ['JSON', '{"Delete":{}}'],
    ['an open element', `<Delete>${SAFE}`],
    ['two roots', `<Delete>${SAFE}</Delete><Delete/>`],
    ['another root', `<Remove>${SAFE}</Remove>`],
    ['the root in lower case', `<delete>${SAFE}</delete>`],
    ['no object', '<Delete></Delete>'],
    ['nothing but Quiet', '<Delete><Quiet>true</Quiet></Delete>'],
    ['an object without a key', `<Delete>${SAFE}<Object></Object></Delete>`],
    ['an empty key', `<Delete>${SAFE}<Object><Key></Key></Object></Delete>`],
    ['a key that closes itself', `<Delete>${SAFE}<Object><Key/></Object></Delete>`],
    ['a key with an element inside', `<Delete>${SAFE}<Object><Key><b>x</b></Key></Object></Delete>`],
    ['two keys in an object', '<Delete><Object><Key>safe</Key><Key>other</Key></Object></Delete>'],
    ['Quiet in capitals', `<Delete>${SAFE}<Quiet>TRUE</Quiet></Delete>`],
    ['Quiet as a number', `<Delete>${SAFE}<Quiet>1</Quiet></Delete>`],
    ['an empty Quiet', `<Delete>${SAFE}<Quiet></Quiet></Delete>`],
    ['Quiet with blanks', `<Delete>${SAFE}<Quiet> true </Quiet></Delete>`],
    ['an entity nobody knows', '<Delete><Object><Key>&nbsp;</Key></Object></Delete>'],
    ['a document type', `<!DOCTYPE Delete [<!ENTITY k "safe">]><Delete><Object><Key>&k;</Key></Object></Delete>`],
    ['more than 1,000 objects', `<Delete>${Array.from({ length: 1001 }, (_, n) => objects(`safe-${n}`)).join('')}</Delete>`],
  ])('refuses %s, and deletes nothing', async (_, body) => {
    await bucket.put('safe', 'x')
    await expectError(await deleteObjects(body), 400, 'MalformedXML', MALFORMED)
    expect(await exists('safe')).toBe(true)
  })

  test('refuses bytes that are not UTF-8', async () => {
    const body = Buffer.from('<Delete><Object><Key>caf\xe9</Key></Object></Delete>', 'latin1')
    const response = await signedFetch('POST', `/${bucket.name}`, { query: { delete: '' }, body })
    await expectError(response, 400, 'MalformedXML', MALFORMED)
  })

  test('deletes 1,000 objects at once', async () => {
    const keys = Array.from({ length: 1000 }, (_, n) => `many/${String(n).padStart(4, '0')}`)
    const present = keys.filter((_, n) => n % 20 === 0)
    for (let n = 0; n < present.length; n += 10) await Promise.all(present.slice(n, n + 10).map((key) => bucket.put(key, 'x')))
    const { Deleted, Errors } = await bucket.s3.send(
      new DeleteObjectsCommand({ Bucket: bucket.name, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
    )
    expect([Deleted?.map(({ Key }) => Key), Errors]).toEqual([keys, undefined])
    const { KeyCount } = await bucket.s3.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix: 'many/' }))
    expect(KeyCount).toBe(0)
  })

  test('tells what is wrong with one key and deletes the others', async () => {
    await bucket.put('short', 'x')
    const long = 'k'.repeat(1025)
    const response = await deleteObjects(`<Delete>${objects(long, 'short')}</Delete>`)
    expect([response.status, await response.text()]).toEqual([
      200,
      '<?xml version="1.0" encoding="UTF-8"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
        `<Error><Key>${long}</Key><Code>InvalidObjectName</Code><Message>The specified object name is not valid.</Message></Error>` +
        '<Deleted><Key>short</Key></Deleted></DeleteResult>',
    ])
    expect(await exists('short')).toBe(false)
  })

  test('in a missing bucket is 404', async () => {
    const body = `<Delete>${objects('x')}</Delete>`
    await expectNoSuchBucket(await signedFetch('POST', `/${uniqueName('absent')}`, { query: { delete: '' }, body }))
  })

  describe('Content-MD5', () => {
    const body = `<Delete>${objects('digest')}</Delete>`

    test('is not required, and fine when it is right', async () => {
      await expectDeleted(await deleteObjects(body), 'digest')
      await expectDeleted(await deleteObjects(body, { 'content-md5': digest64('md5', body) }), 'digest')
    })

    test('that is wrong deletes nothing', async () => {
      await bucket.put('digest', 'x')
      const [claimed, actual] = [md5Hex('other'), md5Hex(body)]
      await expectError(
        await deleteObjects(body, { 'content-md5': digest64('md5', 'other') }),
        400,
        'BadDigest',
        `The MD5 checksum you specified did not match what we received.\nYou provided a MD5 checksum with value: ${claimed}\nActual MD5 was: ${actual}`,
      )
      expect(await exists('digest')).toBe(true)
    })

    test('that is none is invalid, and told before what is wrong with the XML', async () => {
      const response = await deleteObjects('nonsense', { 'content-md5': 'x' })
      await expectError(response, 400, 'InvalidDigest', 'The checksum or Content-MD5 you specified is not valid.')
      const wrong = await deleteObjects('nonsense', { 'content-md5': digest64('md5', 'other') })
      expect([wrong.status, await wrong.text()]).toMatchObject([400, expect.stringContaining('<Code>BadDigest</Code>')])
    })
  })

  test('refuses x-amz-mfa and another expected owner before it reads the body', async () => {
    await expectHeaderNotImplemented(await deleteObjects('nonsense', { 'x-amz-mfa': 'v', 'content-md5': 'x' }), 'x-amz-mfa', 'v')
    const response = await deleteObjects('nonsense', { 'x-amz-expected-bucket-owner': 'v', 'content-md5': 'x' })
    await expectError(response, 403, 'AccessDenied', 'Access Denied')
  })
})

describe('clients', () => {
  test('the AWS SDK deletes one object and many', async () => {
    await bucket.put('sdk-1', 'x')
    await bucket.put('sdk-2', 'x')
    const one = await bucket.s3.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: 'sdk-1' }))
    expect(one.$metadata.httpStatusCode).toBe(204)
    const Delete = { Objects: [{ Key: 'sdk-1' }, { Key: 'sdk-2' }] }
    const many = await bucket.s3.send(new DeleteObjectsCommand({ Bucket: bucket.name, Delete }))
    expect(many.Deleted).toEqual(Delete.Objects)
  })

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'the AWS SDK may send %s with DeleteObjects',
    async (algorithm) => {
      const Delete = { Objects: [{ Key: 'sdk' }] }
      const command = new DeleteObjectsCommand({ Bucket: bucket.name, Delete, ChecksumAlgorithm: algorithm })
      expect((await bucket.s3.send(command)).Deleted).toEqual(Delete.Objects)
    },
  )

  test('minio deletes one object and many', async () => {
    const { endpoint, accessKeyId: accessKey, secretAccessKey: secretKey } = inject('server')
    const { hostname: endPoint, port } = new URL(endpoint)
    const minio = new Client({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey, region: 'auto' })
    for (const key of ['minio-1', 'minio-2', 'minio-3']) await bucket.put(key, 'x')
    await minio.removeObject(bucket.name, 'minio-1')
    await minio.removeObjects(bucket.name, ['minio-2', 'minio-3'])
    expect([await exists('minio-1'), await exists('minio-2'), await exists('minio-3')]).toEqual([false, false, false])
  })
})
