import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { TestBucket } from '../support/bucket.ts'
import { holds, timeLimit } from '../support/fuzz.ts'
import { PublicBucket } from '../support/public-bucket.ts'
import { anyText, headerText, SECRET, SECRET_KEY, worker } from './support.ts'

// What anybody may send to a public bucket: it shows its own objects and nothing else, and never fails in a way of its own.

const HEADERS = [
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'origin',
  'authorization',
] as const
const MORE = [
  'access-control-request-method',
  'access-control-request-headers',
  'x-amz-copy-source',
  'cache-control',
  'cookie',
  'x-forwarded-host',
] as const

let site: PublicBucket
let theirs: TestBucket

beforeAll(async () => {
  site = await PublicBucket.create()
  await site.put('a', 'my own bytes')
  await site.put('b.png', 'my own image')
  theirs = await TestBucket.create()
  await theirs.put(SECRET_KEY, new TextEncoder().encode(SECRET))
})

test(
  'any method, path and headers',
  async () => {
    const method = fc.constantFrom('GET', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'DELETE', 'PATCH')
    const key = fc.oneof(
      fc.constantFrom('a', 'b.png', '', '?list-type=2', '%ff', '..%2f', `../${SECRET_KEY}`),
      anyText.map(encodeURIComponent),
    )
    const path = fc.oneof(
      key,
      key.map((text) => `${theirs.ref.name}/${text}`),
    )
    const headers = fc.dictionary(fc.constantFrom(...HEADERS, ...MORE), headerText, { maxKeys: 4 })
    const where = fc.constantFrom('label', 'path', 'custom')
    const property = fc.asyncProperty(where, method, path, headers, async (place, verb, target, sent) => {
      const url = `${site[place]}/${target}`
      const response = await worker.fetch(new Request(url, { method: verb, headers: sent }))
      const text = await response.text()
      const what = `${verb} ${url} ${JSON.stringify(sent)}: ${response.status} ${text}`
      expect([200, 204, 206, 304, 400, 401, 403, 404, 412, 416], what).toContain(response.status)
      expect(text.includes(SECRET), what).toBe(false)
      if (response.status >= 400) expect(response.headers.get('content-type'), what).toBe('text/html; charset=utf-8')
      expect(
        [...response.headers.keys()].some((name) => name.startsWith('x-amz-') || name.startsWith('cairn')),
        what,
      ).toBe(false)
      if (!['GET', 'HEAD', 'OPTIONS'].includes(verb)) expect(response.status, what).toBe(401)
    })
    await holds(property, 300)
  },
  timeLimit(60_000),
)
