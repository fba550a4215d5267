import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openSource } from '../../src/sources/open-source.ts'
import type { SourceBody, Sourced } from '../../src/sources/source.ts'
import type { Script } from '../support/fault-server.ts'
import { faultyBucket, serviceAccount, textObject } from '../support/faulty-source.ts'

async function open(script: Script, account?: { clientEmail: string; privateKey: string }) {
  const faulty = await faultyBucket(script)
  const settings = { local: true, accountId: '', gcsEndpoint: faulty.endpoint, gcsTokenUrl: `${faulty.endpoint}/token` }
  const secrets = account ?? (await serviceAccount())
  return { ...faulty, secrets, source: openSource({ provider: 'gcs', bucket: faulty.bucket }, secrets, settings) }
}

function unwrapped<T>(answer: Sourced<T>): T {
  if (!answer.ok) throw new Error(JSON.stringify(answer.failure))
  return answer.value
}

const failureOf = (answer: Sourced<unknown>) => (answer.ok ? undefined : answer.failure)
const textOf = (body: Sourced<SourceBody>) => new Response(unwrapped(body).stream).text()

test('reads head, bytes and ranges with the token of a service account', async () => {
  const headers = { 'cache-control': 'no-cache', 'x-amz-meta-Who': 'me', 'x-amz-storage-class': 'ARCHIVE' }
  const { source } = await open({ objects: { 'a/b c': textObject('hello', headers) } })
  const head = unwrapped(await source.head('a/b c'))
  expect(head).toMatchObject({
    size: 5,
    md5: '5d41402abc4b2a76b9719d911017c592',
    modifiedMs: Date.UTC(2026, 6, 1, 10),
    storageClass: 'ARCHIVE',
    httpMetadata: { contentType: 'text/plain', cacheControl: 'no-cache' },
    customMetadata: { who: 'me' },
  })
  const body = await source.get('a/b c')
  expect(unwrapped(body)).toMatchObject({ length: 5, decoded: false })
  expect(await textOf(body)).toBe('hello')
  expect(await textOf(await source.get('a/b c', { range: { offset: 1, length: 3 }, ifMatch: head.etag }))).toBe('ell')
  expect(await textOf(await source.get('a/b c', { range: { suffix: 2 } }))).toBe('lo')
  expect(failureOf(await source.get('a/b c', { range: { offset: 5 } }))).toMatchObject({ kind: 'unsatisfiable', size: 5 })
  expect(failureOf(await source.get('a/b c', { ifMatch: '1' }))?.kind).toBe('changed')
})

test('a gzip object arrives decoded, without its encoding, size and digests', async () => {
  const { source } = await open({
    objects: { k: { base64: gzipSync('decoded').toString('base64'), headers: { 'content-encoding': 'gzip' } } },
  })
  const body = await source.get('k')
  expect(unwrapped(body).decoded).toBe(true)
  const { head, length } = unwrapped(body)
  expect([length, head.size, head.md5, head.httpMetadata.contentEncoding]).toEqual([undefined, undefined, undefined, undefined])
  expect(await textOf(body)).toBe('decoded')
  expect(failureOf(await source.get('k', { range: { offset: 1 } }))?.kind).toBe('unsupported')
})

test('pages of a listing', async () => {
  const objects = Object.fromEntries(['p/1', 'p/2', 'p/3', 'q'].map((key) => [key, textObject(key)]))
  const { source } = await open({ objects, pageSize: 2 })
  const first = unwrapped(await source.list({ prefix: 'p/' }))
  const second = unwrapped(await source.list({ prefix: 'p/', cursor: first.next }))
  expect([first, second].map(({ items }) => items.map(({ key }) => key))).toEqual([['p/1', 'p/2'], ['p/3']])
  expect(second.next).toBeUndefined()
})

describe('credentials', () => {
  test('a key of another account is refused, although the token of the account is cached', async () => {
    const { source, endpoint, bucket, secrets } = await open({ objects: { k: textObject('x') } })
    expect((await source.head('k')).ok).toBe(true)
    const thief = { clientEmail: secrets.clientEmail, privateKey: (await serviceAccount()).privateKey }
    const settings = { local: true, accountId: '', gcsEndpoint: endpoint, gcsTokenUrl: `${endpoint}/token` }
    const stolen = openSource({ provider: 'gcs', bucket }, thief, settings)
    expect(failureOf(await stolen.head('k'))).toMatchObject({ kind: 'denied', code: 'InvalidGrant' })
  })

  test('a key with the two characters \\n for its line ends works', async () => {
    const account = await serviceAccount()
    const { source } = await open(
      { objects: { k: textObject('x') } },
      { ...account, privateKey: account.privateKey.replaceAll('\n', '\\n') },
    )
    expect((await source.head('k')).ok).toBe(true)
  })

  test('a text that is no key is refused', async () => {
    const { source } = await open({}, { clientEmail: 'a@b', privateKey: 'nonsense' })
    expect(failureOf(await source.head('k'))).toMatchObject({ kind: 'denied', code: 'InvalidPrivateKey' })
  })
})

test.each([
  [404, '{"error":{"message":"No such object: b/k","errors":[{"reason":"notFound"}]}}', 'absent'],
  [404, '{"error":{"message":"The specified bucket does not exist.","errors":[{"reason":"notFound"}]}}', 'no-bucket'],
  [404, '<html>nginx</html>', 'unreachable'],
  [403, '{"error":{"message":"no access","errors":[{"reason":"forbidden"}]}}', 'denied'],
  [403, '{"error":{"message":"slow","errors":[{"reason":"userRateLimitExceeded"}]}}', 'throttled'],
  [429, '', 'throttled'],
  [503, '', 'throttled'],
  [500, '', 'unreachable'],
  [302, '', 'unreachable'],
] as const)('%s %s is %s', async (status, body, kind) => {
  const { source } = await open({ faults: [{ status, body }] })
  expect(failureOf(await source.get('k'))?.kind).toBe(kind)
})
