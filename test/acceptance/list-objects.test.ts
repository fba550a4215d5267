import { PutObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { elementOf, expectError, expectNoSuchBucket } from './support/answers.ts'
import { signedFetch, uniqueName } from './support/clients.ts'
import { openUpload } from './support/multipart.ts'
import { etagOf, type LentBucket, lentBucket } from './support/objects.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const ISO = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z'
const ETAG = etagOf('x').replaceAll('"', '&quot;')

/** A tree with folders, folder objects, shared prefixes, other delimiters, and keys whose UTF-8 order is not that of UTF-16. */
const KEYS = [
  '!first',
  'a',
  'a-b',
  'a/',
  'a/1',
  'a/2',
  'a/b/1',
  'a/b/2',
  'a/b/c/d',
  'a0',
  'ab/1',
  'b//x',
  'b/x',
  'c:3',
  'c::1::x',
  'c::1::y',
  'c::2',
  'd e+f/g&h',
  'd e+f/i<j>',
  'only/one',
  'z/',
  'é/1',
  'é/2',
  '\ud7ff',
  '\ue000/1',
  '\uff5e',
  '\uff5e/1',
  '\u{10000}/1',
  '\u{10000}/2',
  '\u{1f600}',
  '\u{10ffff}',
  '\u{10ffff}\u{10ffff}/1',
]

const tree = lentBucket()
beforeAll(async () => {
  for (const key of KEYS.toReversed()) await tree.put(key, 'x')
})

type Query = Record<string, string>
const list = (query: Query = {}, { name }: Pick<LentBucket, 'name'> = tree) => signedFetch('GET', `/${name}`, { query })
const listV2 = (query: Query = {}, bucket?: Pick<LentBucket, 'name'>) => list({ 'list-type': '2', ...query }, bucket)

const ENTITIES: Query = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const unescapeXml = (text: string) => text.replace(/&(\w+);/g, (_, name: string) => ENTITIES[name]!)
const textsOf = (xml: string, pattern: RegExp) => [...xml.matchAll(pattern)].map(([, text]) => unescapeXml(text!))

interface Page {
  readonly xml: string
  readonly keys: string[]
  readonly prefixes: string[]
  readonly truncated: boolean
  /** Text of an element that occurs once. */
  one: (name: string) => string | undefined
}

async function pageOf(answer: Promise<Response>): Promise<Page> {
  const response = await answer
  const xml = await response.text()
  if (response.status !== 200) throw new Error(`${response.status} ${xml}`)
  const one = (name: string) => {
    const text = elementOf(xml.replace(/<CommonPrefixes>.*?<\/CommonPrefixes>|<Contents>.*?<\/Contents>/g, ''), name)
    return text === undefined ? undefined : unescapeXml(text)
  }
  return {
    xml,
    keys: textsOf(xml, /<Key>([^<]*)</g),
    prefixes: textsOf(xml, /<CommonPrefixes><Prefix>([^<]*)</g),
    truncated: one('IsTruncated') === 'true',
    one,
  }
}

/** What a listing should come to: keys and groups in the order of their UTF-8 bytes. */
function model(keys: readonly string[], { prefix = '', delimiter = '' }: { prefix?: string; delimiter?: string }): string[] {
  const entries = keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      return at === -1 ? key : key.slice(0, at + delimiter.length)
    })
  return [...new Set(entries)].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

const merged = ({ keys, prefixes }: Page) => [...keys, ...prefixes].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

/** Every page of a V2 listing, by its tokens. */
async function allPagesV2(query: Query, bucket?: Pick<LentBucket, 'name'>): Promise<Page[]> {
  const pages: Page[] = []
  for (let token: Query = {}; pages.length < 200; ) {
    const page = await pageOf(listV2({ ...query, ...token }, bucket))
    pages.push(page)
    if (!page.truncated) return pages
    token = { 'continuation-token': page.one('NextContinuationToken')! }
  }
  throw new Error('The listing does not end')
}

/** Every page of a V1 listing, by its markers. */
async function allPagesV1(query: Query): Promise<Page[]> {
  const pages: Page[] = []
  for (let marker: Query = {}; pages.length < 200; ) {
    const page = await pageOf(list({ ...query, ...marker }))
    pages.push(page)
    if (!page.truncated) return pages
    marker = { marker: page.one('NextMarker')! }
  }
  throw new Error('The listing does not end')
}

describe('the document', () => {
  const contents = (key: string, owner = '') =>
    `<Contents><Key>${key}</Key><Size>1</Size><LastModified>${ISO}</LastModified><ETag>${ETAG}</ETag>${owner}<StorageClass>STANDARD</StorageClass></Contents>`
  const document = (...children: string[]) =>
    new RegExp(
      `^${DECLARATION.replaceAll('?', '\\?')}<ListBucketResult ${XMLNS}><Name>${tree.name}</Name>${children.join('')}</ListBucketResult>$`,
    )
  const owner = () => {
    const { accountId } = inject('server')
    return `<Owner><ID>${accountId}</ID><DisplayName>${accountId}</DisplayName></Owner>`
  }

  test('of ListObjectsV2 has its elements in the order of R2', async () => {
    const query = { prefix: 'a', delimiter: '/', 'start-after': 'a-', 'max-keys': '2' }
    const response = await listV2(query)
    expect(response.headers.get('content-type')).toBe('application/xml')
    expect(await response.text()).toMatch(
      document(
        contents('a-b'),
        '<IsTruncated>true</IsTruncated><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes><Prefix>a</Prefix><Delimiter>/</Delimiter>',
        '<StartAfter>a-</StartAfter><NextContinuationToken>[^<]+</NextContinuationToken><MaxKeys>2</MaxKeys><KeyCount>2</KeyCount>',
      ),
    )
  })

  test('of the next page of ListObjectsV2 echoes the token', async () => {
    const query = { prefix: 'a', delimiter: '/', 'start-after': 'a-', 'max-keys': '2' }
    const token = (await pageOf(listV2(query))).one('NextContinuationToken')!
    expect((await pageOf(listV2({ ...query, 'continuation-token': token, 'encoding-type': 'url', 'fetch-owner': 'true' }))).xml).toMatch(
      document(
        contents('a0', owner()),
        '<IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>ab%2F</Prefix></CommonPrefixes><Prefix>a</Prefix><Delimiter>%2F</Delimiter>',
        `<StartAfter>a-</StartAfter><ContinuationToken>${token}</ContinuationToken><MaxKeys>2</MaxKeys><KeyCount>2</KeyCount><EncodingType>url</EncodingType>`,
      ),
    )
  })

  test('of ListObjects has its elements in the order of R2', async () => {
    const query = { prefix: 'a', delimiter: '/', marker: 'a', 'max-keys': '2', 'encoding-type': 'url' }
    expect((await pageOf(list(query))).xml).toMatch(
      document(
        contents('a-b', owner()),
        '<IsTruncated>true</IsTruncated><CommonPrefixes><Prefix>a%2F</Prefix></CommonPrefixes><Prefix>a</Prefix><Delimiter>%2F</Delimiter>',
        '<Marker>a</Marker><NextMarker>a%2F</NextMarker><MaxKeys>2</MaxKeys><EncodingType>url</EncodingType>',
      ),
    )
  })

  test('of a bare ListObjects always has Prefix and Marker', async () => {
    const response = await list({ prefix: 'only' })
    expect(await response.text()).toMatch(
      document(
        contents('only/one', owner()),
        '<IsTruncated>false</IsTruncated><Prefix>only</Prefix><Marker></Marker><MaxKeys>1000</MaxKeys>',
      ),
    )
  })

  test('of an empty listing has no Contents', async () => {
    expect((await pageOf(listV2({ prefix: 'nothing' }))).xml).toMatch(
      document('<IsTruncated>false</IsTruncated><Prefix>nothing</Prefix><MaxKeys>1000</MaxKeys><KeyCount>0</KeyCount>'),
    )
    expect((await pageOf(list({ prefix: 'nothing', delimiter: '' }))).xml).toMatch(
      document('<IsTruncated>false</IsTruncated><Prefix>nothing</Prefix><Marker></Marker><MaxKeys>1000</MaxKeys>'),
    )
  })

  test.each([
    ['true', true],
    ['false', false],
    ['', false],
  ])('of ListObjectsV2 with fetch-owner=%s', async (value, has) => {
    expect((await pageOf(listV2({ 'fetch-owner': value, 'max-keys': '1' }))).xml.includes('<Owner>')).toBe(has)
  })

  test('escapes what XML reserves', async () => {
    const { xml, keys } = await pageOf(listV2({ prefix: 'd e+f/' }))
    expect(xml).toContain('<Key>d e+f/g&amp;h</Key>')
    expect(xml).toContain('<Key>d e+f/i&lt;j&gt;</Key>')
    expect(keys).toEqual(['d e+f/g&h', 'd e+f/i<j>'])
  })

  test('tells the storage class of an object in Infrequent Access', async () => {
    await own.put('cold', 'x', { 'x-amz-storage-class': 'STANDARD_IA' })
    expect((await pageOf(listV2({ prefix: 'cold' }, own))).xml).toContain('<StorageClass>STANDARD_IA</StorageClass></Contents>')
  })

  test('gives the time of the last write, with milliseconds', async () => {
    const before = Date.now()
    await own.put('timed', 'x')
    const { xml } = await pageOf(listV2({ prefix: 'timed' }, own))
    const listed = Date.parse(elementOf(xml, 'LastModified')!)
    expect(listed).toBeGreaterThanOrEqual(before - 1000)
    expect(listed).toBeLessThanOrEqual(Date.now() + 1000)
    const { headers } = await own.head('timed')
    expect(Date.parse(headers.get('last-modified')!)).toBe(Math.floor(listed / 1000) * 1000)
  })

  const own = lentBucket()
})

describe('encoding-type=url', () => {
  test('encodes keys, prefixes, delimiter and positions as AWS does, slashes too', async () => {
    const query = { prefix: 'd e', delimiter: '/', 'encoding-type': 'url' }
    const v2 = await pageOf(listV2({ ...query, 'start-after': 'd (' }))
    expect([v2.one('Prefix'), v2.one('Delimiter'), v2.one('StartAfter'), v2.prefixes]).toEqual([
      'd%20e',
      '%2F',
      'd%20%28',
      ['d%20e%2Bf%2F'],
    ])
    const v1 = await pageOf(list({ ...query, marker: "d '!*" }))
    expect(v1.one('Marker')).toBe('d%20%27%21%2A')
    const deep = await pageOf(list({ prefix: 'd e+f/', 'max-keys': '1', 'encoding-type': 'url' }))
    expect([deep.keys, deep.one('NextMarker')]).toEqual([['d%20e%2Bf%2Fg%26h'], 'd%20e%2Bf%2Fg%26h'])
  })

  test('encodes characters outside ASCII by their UTF-8 bytes', async () => {
    const { keys } = await pageOf(listV2({ prefix: '\u{1f600}', 'encoding-type': 'url' }))
    expect(keys).toEqual(['%F0%9F%98%80'])
  })

  test('carries characters that XML cannot', async () => {
    const key = 'control\u0001\u001f\r\n\uffff'
    await control.put(key, 'x')
    const { keys, one } = await pageOf(listV2({ prefix: 'control\u0001', 'encoding-type': 'url' }, control))
    expect([keys, one('Prefix')]).toEqual([['control%01%1F%0D%0A%EF%BF%BF'], 'control%01'])
    await control.send('DELETE', key) // The XML of DeleteObjects could not name it.
  })

  const control = lentBucket()

  test.each([
    ['', 'V1'],
    ['URL', 'V1'],
    ['base64', 'V1'],
    ['', '2'],
    ['base64', '2'],
  ])('%j is not known (%s)', async (value, version) => {
    const response = await (version === '2' ? listV2 : list)({ 'encoding-type': value })
    await expectError(response, 501, 'NotImplemented', `Unrecognized encoding-type "${value}" not implemented`)
  })
})

describe('max-keys', () => {
  const TEXT = 'MaxKeys params must be positive integer <= 1000.'

  test.each(['', 'abc', '-1', '-0.5', 'Infinity', '-Infinity', 'NaN', '1,5', '1 000'])('%j is refused by both versions', async (value) => {
    await expectError(await list({ 'max-keys': value }), 400, 'InvalidMaxKeys', TEXT)
    await expectError(await listV2({ 'max-keys': value }), 400, 'InvalidMaxKeys', TEXT)
  })

  test.each([
    ['1.9', '1', 1],
    ['0.9', '0', 0],
    ['3', '3', 3],
    ['03', '3', 3],
    ['1000', '1000', KEYS.length],
    ['1001', '1001', KEYS.length],
    ['123456789', '123456789', KEYS.length],
  ])('%s is echoed as %s', async (value, echo, count) => {
    for (const answer of [list({ 'max-keys': value }), listV2({ 'max-keys': value })]) {
      const page = await pageOf(answer)
      expect([page.one('MaxKeys'), page.keys.length, page.truncated]).toEqual([echo, count, count < KEYS.length])
    }
  })

  test('0 lists nothing, and tells whether there is anything', async () => {
    const some = await pageOf(listV2({ 'max-keys': '0' }))
    expect([some.keys, some.truncated, some.one('NextContinuationToken'), some.one('KeyCount')]).toEqual([[], true, undefined, '0'])
    const none = await pageOf(listV2({ 'max-keys': '0', prefix: 'nothing' }))
    expect(none.truncated).toBe(false)
    const v1 = await pageOf(list({ 'max-keys': '0', delimiter: '/' }))
    expect([v1.keys, v1.prefixes, v1.truncated, v1.one('NextMarker')]).toEqual([[], [], true, undefined])
    expect((await pageOf(list({ 'max-keys': '0', marker: '\u{10ffff}\u{10ffff}/1' }))).truncated).toBe(false)
  })

  test('exactly as many as there are is the end: no token, no marker', async () => {
    const v2 = await pageOf(listV2({ 'max-keys': String(KEYS.length) }))
    expect([v2.keys.length, v2.truncated, v2.one('NextContinuationToken')]).toEqual([KEYS.length, false, undefined])
    const v1 = await pageOf(list({ delimiter: '/', 'max-keys': String(model(KEYS, { delimiter: '/' }).length) }))
    expect([v1.truncated, v1.one('NextMarker')]).toEqual([false, undefined])
  })
})

describe('the order', () => {
  test('is that of the UTF-8 bytes of the keys', async () => {
    expect((await pageOf(listV2())).keys).toEqual(model(KEYS, {}))
    expect((await pageOf(list())).keys).toEqual(KEYS)
  })

  test.each([
    {},
    { delimiter: '/' },
    { delimiter: '::' },
    { delimiter: ':' },
    { delimiter: 'b/' },
    { delimiter: '/b/' },
    { delimiter: '\uff5e' },
    { delimiter: '\u{10ffff}' },
    { delimiter: 'x' },
    { delimiter: '//' },
    { delimiter: 'a' },
    { delimiter: ' e' },
    { prefix: 'a' },
    { prefix: 'a/' },
    { prefix: 'a/', delimiter: '/' },
    { prefix: 'a/b', delimiter: '/' },
    { prefix: 'a/b/', delimiter: '/' },
    { prefix: 'c', delimiter: '::' },
    { prefix: 'c:', delimiter: '::' },
    { prefix: 'c::', delimiter: '::' },
    { prefix: 'b/', delimiter: '/' },
    { prefix: '/', delimiter: '/' },
    { prefix: '\uff5e', delimiter: '/' },
    { prefix: '\u{10ffff}', delimiter: '/' },
    { prefix: '\u{10000}' },
    { prefix: 'é/', delimiter: '/' },
    { prefix: 'z/', delimiter: '/' },
  ] as Query[])('of %j is that of a sorted model, on one page and in pages of every size', async (query) => {
    const expected = model(KEYS, query)
    const every = Array.from({ length: expected.length + 1 }, (_, index) => index + 1)
    // Every size where that is the point or cheap, a few of them elsewhere.
    const few = expected.length > 12 && query.prefix === undefined && query.delimiter !== '/' && query.delimiter !== undefined
    const sizes = new Set(few ? [1, 3, 8, expected.length - 1, expected.length, 1000] : [...every, 1000])
    await Promise.all(
      [...sizes].map(async (size) => {
        const sized = { ...query, 'max-keys': String(size) }
        const walks = [allPagesV2(sized), ...([1, 3, 1000].includes(size) ? [allPagesV1(sized)] : [])]
        for (const pages of await Promise.all(walks)) {
          expect(pages.flatMap(merged)).toEqual(expected)
          for (const page of pages.slice(0, -1)) expect(page.keys.length + page.prefixes.length).toBe(size)
        }
      }),
    )
  })
})

describe('start-after and marker', () => {
  const behind = (key: string, entries: readonly string[]) =>
    entries.filter((entry) => Buffer.compare(Buffer.from(entry), Buffer.from(key)) > 0)

  test.each(['', 'a', 'a/', 'a/b', 'a/b/2', 'A', 'zzzz', '\ud7ff', '\uff5e', '\u{10000}', '\u{10ffff}\u{10ffff}\u{10ffff}', 'é'])(
    '%j is exclusive, whether there is such a key or not',
    async (key) => {
      expect((await pageOf(listV2({ 'start-after': key }))).keys).toEqual(behind(key, KEYS))
      expect((await pageOf(list({ marker: key }))).keys).toEqual(behind(key, KEYS))
    },
  )

  test('equal to a common prefix skip the whole group', async () => {
    for (const answer of [list({ delimiter: '/', marker: 'a/' }), listV2({ delimiter: '/', 'start-after': 'a/' })]) {
      const page = await pageOf(answer)
      expect(merged(page)).toEqual(behind('a/', model(KEYS, { delimiter: '/' })))
      expect(page.prefixes).not.toContain('a/')
    }
    const multi = await pageOf(list({ delimiter: '::', prefix: 'c', marker: 'c::' }))
    expect(merged(multi)).toEqual([])
  })

  test('inside a group leave what is behind them of it', async () => {
    const page = await pageOf(listV2({ delimiter: '/', 'start-after': 'a/b/1', 'max-keys': '1' }))
    expect(page.prefixes).toEqual(['a/'])
    const next = { delimiter: '/', 'start-after': 'a/b/1', 'max-keys': '1', 'continuation-token': page.one('NextContinuationToken')! }
    expect(merged(await pageOf(listV2(next)))).toEqual(['a0'])
  })

  test('before the prefix change nothing; behind it leave nothing', async () => {
    expect((await pageOf(listV2({ prefix: 'a/', 'start-after': 'A' }))).keys).toEqual(model(KEYS, { prefix: 'a/' }))
    expect((await pageOf(list({ prefix: 'a/', marker: 'b' }))).keys).toEqual([])
  })

  test('of start-after and a token the later wins', async () => {
    const token = (await pageOf(listV2({ 'max-keys': '4' }))).one('NextContinuationToken')!
    const first = (await pageOf(listV2({ 'continuation-token': token, 'start-after': '!', 'max-keys': '1' }))).keys
    expect(first).toEqual(['a/1'])
    const second = (await pageOf(listV2({ 'continuation-token': token, 'start-after': 'b/x', 'max-keys': '1' }))).keys
    expect(second).toEqual(['c:3'])
  })

  test.each([1, 2, 3, 5])('with start-after sent along, pages of %i still come to their end', async (size) => {
    const pages = await allPagesV2({ delimiter: '/', 'start-after': 'a/b/1', 'max-keys': String(size) })
    expect(pages.flatMap(merged)).toEqual(['a/', ...behind('a/', model(KEYS, { delimiter: '/' }))])
  })

  test('by marker, every key leads to the next', async () => {
    const answers = await Promise.all(KEYS.map((key) => pageOf(list({ marker: key, 'max-keys': '1' }))))
    expect(answers.map(({ keys }) => keys[0])).toEqual([...KEYS.slice(1), undefined])
  })
})

describe('tokens', () => {
  test.each(['nonsense', 'a', '!!!!', 'AAAA', `a2${'A'.repeat(10_000)}`, '//8', 'x-\u{1f600}', '\u0000'])(
    '%.20j was never given out: 400',
    async (token) => {
      await expectError(
        await listV2({ 'continuation-token': token }),
        400,
        'InvalidArgument',
        'The continuation token provided is incorrect',
      )
    },
  )

  test('go on in a listing to which keys were added meanwhile', async () => {
    for (const key of ['b', 'd', 'f']) await own.put(key, 'x')
    const token = (await pageOf(listV2({ 'max-keys': '2' }, own))).one('NextContinuationToken')!
    await own.put('a', 'x')
    await own.put('e', 'x')
    await own.send('DELETE', 'd')
    expect((await pageOf(listV2({ 'continuation-token': token }, own))).keys).toEqual(['e', 'f'])
  })

  test('are not given out at the end', async () => {
    expect((await pageOf(listV2())).one('NextContinuationToken')).toBeUndefined()
  })

  const own = lentBucket()
})

describe('parameters', () => {
  test.each([
    [{ 'list-type': '2', junk: '1', 'start-after': 'a' }, 'ListObjectsV2 search parameter junk not implemented'],
    [{ 'list-type': '2', marker: 'a' }, 'ListObjectsV2 search parameter marker not implemented'],
    [{ junk: '' }, 'ListObjectsV1 search parameter junk not implemented'],
    [{ b: '1', a: '2' }, 'ListObjectsV1 search parameter b not implemented'],
    [{ 'start-after': 'a' }, 'ListObjectsV1 search parameter start-after not implemented'],
    [{ 'fetch-owner': 'true' }, 'ListObjectsV1 search parameter fetch-owner not implemented'],
    [{ Prefix: 'a' }, 'ListObjectsV1 search parameter Prefix not implemented'],
    [{ 'x-amz-junk': '1' }, 'ListObjectsV1 search parameter x-amz-junk not implemented'],
    [{ 'list-type': '1' }, 'ListObjectsV1 not implemented'],
    [{ 'list-type': '3' }, 'ListObjectsV3 not implemented'],
    [{ 'list-type': '' }, 'ListObjectsV not implemented'],
    [{ 'list-type': '2.0', junk: '1' }, 'ListObjectsV2.0 not implemented'],
  ] as [Query, string][])('%j: 501 %s', async (query, message) => {
    await expectError(await list(query), 501, 'NotImplemented', message)
  })

  test('continuation-token in ListObjects is an invalid argument, whatever else there is', async () => {
    const text = 'continuation-token not supported in ListObjects'
    await expectError(await list({ 'continuation-token': 'a' }), 400, 'InvalidArgument', text)
    await expectError(await list({ junk: '1', 'continuation-token': 'a' }), 400, 'InvalidArgument', text)
  })

  test.each(['X-Amz-Junk', 'x-id', 'x-purpose'])('%s is ignored', async (name) => {
    expect((await pageOf(list({ [name]: 'a', prefix: 'only' }))).keys).toEqual(['only/one'])
    expect((await pageOf(listV2({ [name]: 'a', prefix: 'only' }))).keys).toEqual(['only/one'])
  })

  test('names are checked before encoding-type, encoding-type before max-keys, max-keys before the token', async () => {
    const all = { 'continuation-token': 'nonsense', 'max-keys': 'abc', 'encoding-type': 'no', junk: '1' }
    const { junk: _, ...known } = all
    const { 'encoding-type': _encoding, ...encoded } = known
    const codes = await Promise.all([all, known, encoded].map(async (query) => elementOf(await (await listV2(query)).text(), 'Message')))
    expect(codes).toEqual([
      'ListObjectsV2 search parameter junk not implemented',
      'Unrecognized encoding-type &quot;no&quot; not implemented',
      'MaxKeys params must be positive integer &lt;= 1000.',
    ])
  })

  test('x-amz-expected-bucket-owner of another account is refused', async () => {
    const response = await signedFetch('GET', `/${tree.name}`, { headers: { 'x-amz-expected-bucket-owner': 'me' } })
    await expectError(response, 403, 'AccessDenied', 'Access Denied')
  })

  test('an empty delimiter and an empty prefix are none', async () => {
    expect((await pageOf(listV2({ delimiter: '', prefix: '', 'start-after': '' }))).keys).toEqual(KEYS)
  })

  test('a bucket that does not exist is NoSuchBucket', async () => {
    await expectNoSuchBucket(await list({}, { name: uniqueName('none') }))
    await expectNoSuchBucket(await listV2({}, { name: uniqueName('none') }))
  })

  test('the path /bucket/ lists the bucket as well', async () => {
    expect((await pageOf(signedFetch('GET', `/${tree.name}/`, { query: { prefix: 'only' } }))).keys).toEqual(['only/one'])
  })
})

describe('what is listed', () => {
  const own = lentBucket()

  test('are objects, not open uploads; and not what was deleted', async () => {
    const upload = await openUpload(own, 'upload')
    await upload.part(1, 'x')
    await own.put('kept', 'x')
    await own.put('gone', 'x')
    await own.send('DELETE', 'gone')
    expect((await pageOf(listV2({}, own))).keys).toEqual(['kept'])
    await upload.abort()
  })

  test('is one key for all spellings of it: the last one, at its normalised place', async () => {
    await own.put('n/e\u0301', 'old')
    await own.put('n/\u00e9', 'newer')
    await own.put('n/e\u0301', 'last')
    await own.put('n/f', 'x')
    const page = await pageOf(listV2({ prefix: 'n/' }, own))
    expect(page.keys).toEqual(['n/f', 'n/e\u0301'])
    expect((await pageOf(listV2({ prefix: 'n/e\u0301' }, own))).keys).toEqual(['n/e\u0301'])
    expect((await pageOf(listV2({ prefix: 'n/', 'start-after': 'n/e\u0301' }, own))).keys).toEqual([])
  })
})

describe('1,500 keys', () => {
  const many = lentBucket()
  const names = Array.from({ length: 1500 }, (_, n) => `${n % 3}/${String(n).padStart(4, '0')}`)
  const sorted = names.toSorted()

  beforeAll(async () => {
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map((Key) => many.s3.send(new PutObjectCommand({ Bucket: many.name, Key, Body: 'x' }))))
    }
  })

  test.each(['1000', '1500', '5000'])('max-keys %s: a page has 1,000 of them', async (size) => {
    const page = await pageOf(listV2({ 'max-keys': size }, many))
    expect([page.keys.length, page.one('KeyCount'), page.one('MaxKeys'), page.truncated]).toEqual([1000, '1000', size, true])
    const rest = await pageOf(listV2({ 'max-keys': size, 'continuation-token': page.one('NextContinuationToken')! }, many))
    expect([...page.keys, ...rest.keys]).toEqual(sorted)
  })

  test.each([1, 7, 700])('the SDK pages through them by %i below a prefix', async (pageSize) => {
    const keys: string[] = []
    const Prefix = pageSize === 1 ? '1/000' : '1/'
    for await (const { Contents = [] } of paginateListObjectsV2({ client: many.s3, pageSize }, { Bucket: many.name, Prefix })) {
      keys.push(...Contents.map(({ Key }) => Key!))
    }
    expect(keys).toEqual(sorted.filter((key) => key.startsWith(Prefix)))
  })

  test('groups count as one each', async () => {
    const page = await pageOf(listV2({ delimiter: '/', 'max-keys': '3' }, many))
    expect([page.prefixes, page.truncated, page.one('KeyCount')]).toEqual([['0/', '1/', '2/'], false, '3'])
  })
})
