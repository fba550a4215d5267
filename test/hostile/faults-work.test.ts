import { describe, expect, test } from 'vitest'
import { createAnalytics } from '../../src/analytics/analytics.ts'
import { answerQuery } from '../../src/faces/rest/graphql/execute.ts'
import type { Store } from '../../src/store/store.ts'
import { env } from '../support/bucket.ts'
import { attack, prepare, worker } from './support.ts'

// Work that a short request of an authorised client asks for.

const ACCOUNT = 'a'.repeat(32)
const usage = { objects: 0, payloadBytes: 0, metadataBytes: 0, uploads: 0, uploadBytes: 0, retrievedBytes: 0, earlyDeletionByteDays: 0 }

function storeThatCounts() {
  const asked: string[] = []
  const bucketUsage = async ({ name }: { name: string }) => {
    asked.push(name)
    return { Standard: usage, InfrequentAccess: usage }
  }
  return { asked, store: { bucketUsage } as unknown as Store }
}

const analytics = createAnalytics({ db: env.CONTROL, windowMs: 0, waitUntil: () => {}, ready: async () => {} })

/** Puts buckets into the index of the account, as if they existed. */
async function indexBuckets(...names: string[]): Promise<void> {
  const insert = env.CONTROL.prepare("INSERT OR REPLACE INTO buckets VALUES ('default', ?, ?, NULL, 'Standard')")
  await env.CONTROL.batch(names.map((name) => insert.bind(name, Date.now() - 60_000)))
}

async function ask(query: string) {
  const { asked, store } = storeThatCounts()
  const startedMs = performance.now()
  const answer = await answerQuery({ query, variables: {} }, { store, analytics, accountId: ACCOUNT, nowMs: Date.now() })
  return { answer, asked, ms: performance.now() - startedMs }
}

const groups = (selection: string, more = '') => `{ viewer { accounts { r2StorageAdaptiveGroups(limit: 1${more}) { ${selection} } } } }`

describe('20: a query', () => {
  const group = 'AccountR2StorageAdaptiveGroups'

  /** Each fragment holds the next one twice: walked without memory, the work doubles with each. */
  const doubling = (count: number) =>
    `${groups('...F0')} ${Array.from({ length: count }, (_, n) => `fragment F${n} on ${group} { ${n + 1 < count ? `...F${n + 1} ...F${n + 1}` : 'dimensions { bucketName }'} }`).join(' ')}`

  test('of fragments that hold each other twice is refused for its depth, at once', async () => {
    const { answer, ms } = await ask(doubling(60))
    expect(answer).toMatchObject({ data: null, errors: [{ message: 'A query has 20 levels at most' }] })
    expect(ms).toBeLessThan(2000)
  })

  test('of many spreads of one fragment visits it once', async () => {
    const spread = (count: number) =>
      `${groups('...F '.repeat(count))} fragment F on ${group} { ${'...G '.repeat(count)} } fragment G on ${group} { dimensions { bucketName } }`
    const { answer, ms } = await ask(spread(200))
    expect(answer).toMatchObject({ data: { viewer: { accounts: [{ r2StorageAdaptiveGroups: [] }] } } })
    expect(ms).toBeLessThan(2000)
  })

  test('still finds the dimensions that fragments select', async () => {
    await indexBuckets('one')
    const { answer } = await ask(
      `${groups('...F ...F', ', filter: { bucketName: "one" }')} fragment F on ${group} { dimensions { bucketName } }`,
    )
    expect(answer).toMatchObject({
      data: { viewer: { accounts: [{ r2StorageAdaptiveGroups: [{ dimensions: { bucketName: 'one' } }] }] } },
    })
  })

  test('whose fragment holds itself is refused', async () => {
    const wide = `${groups('...F')} fragment F on ${group} { ${'...F '.repeat(300)} }`
    const { answer, ms } = await ask(wide)
    expect(answer).toMatchObject({ data: null })
    expect(ms).toBeLessThan(2000)
  })

  test('names 100 buckets, all of its aliases together', async () => {
    const alias = (n: number, names: string[]) =>
      `a${n}: r2StorageAdaptiveGroups(limit: 1, filter: { bucketName_in: ${JSON.stringify(names)} }) { dimensions { bucketName } }`
    const name = (n: number) => `bucket-${n}`
    await indexBuckets(...Array.from({ length: 240 }, (_, n) => name(n)))
    const aliases = Array.from({ length: 4 }, (_, n) =>
      alias(
        n,
        Array.from({ length: 60 }, (__, m) => name(n * 60 + m)),
      ),
    )
    const { answer, asked } = await ask(`{ viewer { accounts { ${aliases.join(' ')} } } }`)
    expect(new Set(asked).size).toBeLessThanOrEqual(100)
    expect(answer.errors?.length).toBeGreaterThan(0)
    expect(answer.errors?.[0]).toMatchObject({ message: 'A query names 100 buckets at most' })
    const same = await ask(`{ viewer { accounts { ${[1, 2, 3].map((n) => alias(n, [name(1), name(2)])).join(' ')} } } }`)
    expect(same.asked).toEqual([name(1), name(2)])
    expect(same.answer.errors).toBeFalsy()
  })
})

describe('23: JSON that is nested 5,000 deep', () => {
  const bearer = { authorization: `Bearer ${env.ROOT_TOKEN}` }
  const deep = '['.repeat(5000) + ']'.repeat(5000)

  test('is a 400 with a sentence, wherever it is sent', async () => {
    const rule = `{"id":"a","enabled":true,"deleteObjectsTransition":{"condition":{"type":"Age","maxAge":86400}},"further":${deep}}`
    const { mine } = await prepare()
    const base = `http://localhost/client/v4/accounts/${env.ACCOUNT_ID}/r2/buckets/${mine}`
    const calls = [
      new Request(`${base}/lifecycle`, { method: 'PUT', headers: bearer, body: `{"rules":[${rule}]}` }),
      new Request('http://localhost/client/v4/graphql', {
        method: 'POST',
        headers: bearer,
        body: `{"query":"{}","variables":{"a":${deep}}}`,
      }),
      new Request('http://localhost/_cairn/fsck', { method: 'POST', headers: bearer, body: deep }),
    ]
    for (const call of calls) {
      const response = await worker.fetch(call)
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('nested too deeply: 32 levels at most')])
    }
    const metadata = { ...bearer, 'cf-r2-custom-metadata': deep, 'content-length': '1' }
    const put = await worker.fetch(new Request(`${base}/objects/a`, { method: 'PUT', headers: metadata, body: 'x' }))
    expect(put.status).toBe(400)
    const cursor = Buffer.from(deep).toString('base64url')
    expect((await worker.fetch(new Request(`${base}/objects?cursor=${cursor}`, { headers: bearer }))).status).toBe(400)
  })
})

describe('S2: an empty delimiter', () => {
  test.each(['?delimiter=', '?list-type=2&delimiter=', '?uploads&delimiter='])('is none, and %s does not echo it', async (query) => {
    const ground = await prepare()
    const { status, text } = await attack(ground, { method: 'GET', path: `/${ground.mine}${query}` })
    expect(status).toBe(200)
    expect(text).not.toContain('Delimiter')
  })
})
