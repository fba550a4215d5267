import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, test } from 'vitest'
import { expectError, expectHeadError, expectNoSuchKey, expectPreconditionFailed } from './support/answers.ts'
import { uniqueName } from './support/clients.ts'
import { awsChunked, chunkedHeaders, etagOf, KIB, lentBucket, someBytes } from './support/objects.ts'

const bucket = lentBucket()
const KEY = 'conditional'
const BODY = 'the body'
const ETAG = etagOf(BODY)
const OTHER = etagOf('another body')
const BARE = ETAG.slice(1, -1)

/** `Last-Modified` of the object, and the seconds around it. */
let stored: number
const dates = {
  earlier: () => new Date(stored - 1000).toUTCString(),
  same: () => new Date(stored).toUTCString(),
  later: () => new Date(stored + 1000).toUTCString(),
  longAgo: () => 'Mon, 01 Jan 2001 00:00:00 GMT',
}
type When = keyof typeof dates

beforeAll(async () => {
  await bucket.put(KEY, BODY)
  stored = Date.parse((await bucket.head(KEY)).headers.get('last-modified')!)
})

/** Date conditions are written as words, since the time is only known once the object is there. */
const withDates = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value in dates ? dates[value as When]() : value]))

/** What the conditions come to, and the status on a read. */
const VERDICTS: [headers: Record<string, string>, read: 200 | 304 | 412][] = [
  // If-Match: strong tags, lists, `*`.
  [{ 'if-match': ETAG }, 200],
  [{ 'if-match': OTHER }, 412],
  [{ 'if-match': '*' }, 200],
  [{ 'if-match': BARE }, 200],
  [{ 'if-match': OTHER.slice(1, -1) }, 412],
  [{ 'if-match': `${OTHER}, ${ETAG}` }, 200],
  [{ 'if-match': `${OTHER},${ETAG}` }, 200],
  [{ 'if-match': `${OTHER}, "a, b"` }, 412],
  [{ 'if-match': `W/${ETAG}` }, 412],
  [{ 'if-match': `W/${ETAG}, ${ETAG}` }, 200],
  [{ 'if-match': '""' }, 412],
  [{ 'if-match': ETAG.toUpperCase() }, 412],
  // If-None-Match: weak comparison.
  [{ 'if-none-match': ETAG }, 304],
  [{ 'if-none-match': OTHER }, 200],
  [{ 'if-none-match': '*' }, 304],
  [{ 'if-none-match': BARE }, 304],
  [{ 'if-none-match': `W/${ETAG}` }, 304],
  [{ 'if-none-match': `${OTHER}, ${ETAG}` }, 304],
  [{ 'if-none-match': `${OTHER}, W/${ETAG}` }, 304],
  [{ 'if-none-match': `${OTHER}, W/${OTHER}` }, 200],
  // Dates, in whole seconds.
  [{ 'if-modified-since': 'earlier' }, 200],
  [{ 'if-modified-since': 'same' }, 304],
  [{ 'if-modified-since': 'later' }, 304],
  [{ 'if-modified-since': 'longAgo' }, 200],
  [{ 'if-unmodified-since': 'earlier' }, 412],
  [{ 'if-unmodified-since': 'same' }, 200],
  [{ 'if-unmodified-since': 'later' }, 200],
  // Dates that are none are not there.
  [{ 'if-modified-since': 'yesterday' }, 200],
  [{ 'if-unmodified-since': 'yesterday' }, 200],
  [{ 'if-unmodified-since': '2001-01-01T00:00:00Z' }, 200],
  [{ 'if-modified-since': 'Mon, 32 Jan 2026 00:00:00 GMT' }, 200],
  // The two older forms of a date.
  [{ 'if-unmodified-since': 'Sunday, 06-Nov-94 08:49:37 GMT' }, 412],
  [{ 'if-unmodified-since': 'Sun Nov  6 08:49:37 1994' }, 412],
  // A passing tag rescues a failing date.
  [{ 'if-match': ETAG, 'if-unmodified-since': 'earlier' }, 200],
  [{ 'if-match': OTHER, 'if-unmodified-since': 'later' }, 412],
  [{ 'if-none-match': OTHER, 'if-modified-since': 'later' }, 200],
  [{ 'if-none-match': ETAG, 'if-modified-since': 'earlier' }, 304],
  // 412 wins over 304.
  [{ 'if-match': OTHER, 'if-none-match': ETAG }, 412],
  [{ 'if-match': OTHER, 'if-modified-since': 'later' }, 412],
  [{ 'if-unmodified-since': 'earlier', 'if-none-match': ETAG }, 412],
  [{ 'if-unmodified-since': 'earlier', 'if-modified-since': 'later' }, 412],
  // A passing If-Match does not rescue the other family.
  [{ 'if-match': ETAG, 'if-none-match': ETAG }, 304],
  [{ 'if-match': ETAG, 'if-modified-since': 'later' }, 304],
  [{ 'if-match': ETAG, 'if-none-match': OTHER }, 200],
  [{ 'if-match': ETAG, 'if-none-match': OTHER, 'if-modified-since': 'later', 'if-unmodified-since': 'earlier' }, 200],
]

describe('GET and HEAD', () => {
  test.each(VERDICTS)('%o: %i', async (headers, status) => {
    const get = await bucket.get(KEY, withDates(headers))
    expect(get.status).toBe(status)
    if (status === 412) await expectPreconditionFailed(get)
    else expect(await get.text()).toBe(status === 200 ? BODY : '')
    const head = await bucket.head(KEY, withDates(headers))
    expect(head.status).toBe(status)
    if (status === 412) await expectHeadError(head, 412)
  })

  test.each<Record<string, string>>([
    { 'if-match': ETAG },
    { 'if-match': '*' },
    { 'if-none-match': '*' },
    { 'if-modified-since': 'longAgo' },
  ])('of a missing key is 404, whatever the conditions: %o', async (headers) => {
    await expectNoSuchKey(await bucket.get('missing', withDates(headers)))
    await expectHeadError(await bucket.head('missing', withDates(headers)), 404)
  })
})

describe('PUT', () => {
  test.each(VERDICTS)('%o: as on a read, but every failure is 412', async (headers, status) => {
    // The same body again: the ETag that the other rows ask for stays.
    const response = await bucket.send('PUT', 'overwritten', { body: Buffer.from(BODY) })
    expect(response.status).toBe(200)
    stored = Date.parse((await bucket.head('overwritten')).headers.get('last-modified')!)
    const put = await bucket.send('PUT', 'overwritten', { body: Buffer.from('replaced'), headers: withDates(headers) })
    if (status === 200) expect(put.status).toBe(200)
    else await expectPreconditionFailed(put)
    expect(await (await bucket.get('overwritten')).text()).toBe(status === 200 ? 'replaced' : BODY)
  })

  test.each<[Record<string, string>, 200 | 412]>([
    [{ 'if-match': ETAG }, 412],
    [{ 'if-match': '*' }, 412],
    [{ 'if-modified-since': 'longAgo' }, 412],
    [{ 'if-none-match': '*' }, 200],
    [{ 'if-none-match': ETAG }, 200],
    [{ 'if-unmodified-since': 'longAgo' }, 200],
    [{ 'if-match': ETAG, 'if-none-match': '*' }, 412],
  ])('on a missing key, %o: %i', async (headers, status) => {
    const key = uniqueName('new')
    const put = await bucket.send('PUT', key, { body: Buffer.from('new'), headers: withDates(headers) })
    if (status === 200) expect(put.status).toBe(200)
    else await expectPreconditionFailed(put)
    expect((await bucket.head(key)).status).toBe(status === 200 ? 200 : 404)
  })

  test.each([
    ['inline', 1000],
    ['in D1', 100 * KIB],
    ['in KV', 3000 * KIB],
  ])('that fails leaves the old object alone, bytes and metadata: %s', async (_, size) => {
    const key = uniqueName('kept')
    await bucket.put(key, 'old', { 'content-type': 'text/old', 'x-amz-meta-age': 'old' })
    const headers = { 'if-none-match': '*', 'content-type': 'text/new', 'x-amz-meta-age': 'new' }
    await expectPreconditionFailed(await bucket.send('PUT', key, { body: someBytes(size), headers }))
    const got = await bucket.get(key)
    expect([got.headers.get('content-type'), got.headers.get('x-amz-meta-age'), await got.text()]).toEqual(['text/old', 'old', 'old'])
  })

  test.each([
    ['inline', 1000],
    ['in D1', 100 * KIB],
    ['in KV', 600 * KIB],
  ])('evaluates its conditions after the digest of the body: %s', async (_, size) => {
    const headers = { 'if-none-match': '*', 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }
    const response = await bucket.send('PUT', KEY, { body: someBytes(size), headers })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('<Code>BadDigest</Code>')
    expect(await (await bucket.get(KEY)).text()).toBe(BODY)
  })

  test.each([
    ['inline', 1000],
    ['in D1', 100 * KIB],
    ['in KV', 600 * KIB],
  ])('evaluates its conditions after the length of the body: %s', async (_, size) => {
    const headers = { ...chunkedHeaders(size), 'if-none-match': '*' }
    const response = await bucket.send('PUT', KEY, { body: awsChunked([someBytes(size - 1)]), headers })
    const text = 'You did not provide the number of bytes specified by the Content-Length HTTP header.'
    await expectError(response, 400, 'IncompleteBody', text)
  })

  test.each([
    ['inline', 1000],
    ['in KV', 600 * KIB],
  ])('of many writers with If-None-Match: * exactly one wins: %s', async (_, size) => {
    const key = uniqueName('race')
    const bodies = Array.from({ length: 8 }, (_, n) => someBytes(size, n))
    const answers = await Promise.all(bodies.map((body) => bucket.send('PUT', key, { body, headers: { 'if-none-match': '*' } })))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 412, 412, 412, 412, 412, 412, 412])
    expect((await bucket.head(key)).headers.get('etag')).toBe(etagOf(bodies[statuses.indexOf(200)]!))
  })

  test('of many writers with If-Match no update is lost', async () => {
    const key = uniqueName('counter')
    await bucket.put(key, '0')
    const increment = async (): Promise<void> => {
      const got = await bucket.get(key)
      const next = String(Number(await got.text()) + 1)
      const put = await bucket.send('PUT', key, { body: Buffer.from(next), headers: { 'if-match': got.headers.get('etag')! } })
      if (put.status === 412) return increment()
      expect(put.status).toBe(200)
    }
    await Promise.all(Array.from({ length: 6 }, increment))
    expect(await (await bucket.get(key)).text()).toBe('6')
  })
})

describe('DELETE', () => {
  test('obeys conditions', async () => {
    await bucket.put('doomed', 'x')
    const failing: Record<string, string>[] = [{ 'if-match': OTHER }, { 'if-unmodified-since': dates.longAgo() }]
    for (const headers of failing) expect((await bucket.send('DELETE', 'doomed', { headers })).status).toBe(412)
    expect((await bucket.send('DELETE', 'doomed', { headers: { 'if-match': '*' } })).status).toBe(204)
    expect((await bucket.head('doomed')).status).toBe(404)
  })
})

describe('the AWS SDK', () => {
  const at = { Bucket: bucket.name, Key: KEY }
  test('names a failed condition', async () => {
    const put = bucket.s3.send(new PutObjectCommand({ ...at, Body: 'x', IfNoneMatch: '*' }))
    await expect(put).rejects.toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } })
    const get = bucket.s3.send(new GetObjectCommand({ ...at, IfMatch: OTHER }))
    await expect(get).rejects.toMatchObject({ name: 'PreconditionFailed' })
  })

  test('names an object that was not modified', async () => {
    const get = bucket.s3.send(new GetObjectCommand({ ...at, IfNoneMatch: ETAG }))
    await expect(get).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } })
  })
})
