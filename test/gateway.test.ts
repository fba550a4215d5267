import { listDurableObjectIds } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Env } from '../src/env.ts'
import { handle } from '../src/gateway.ts'
import { env, storedSegmentNames } from './support/bucket.ts'
import { signedRequest } from './support/s3.ts'

const WHERE = 'Locally, `npm start` and `npm run dev` make the secrets and the tables; for a deployment see "Deploy" in the README.'

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => vi.restoreAllMocks())

const BROKEN: readonly (readonly [string, Partial<Env>, string])[] = [
  ['without ACCOUNT_ID', { ACCOUNT_ID: undefined }, `The secret ACCOUNT_ID is not set. ${WHERE}\n`],
  ['without ROOT_TOKEN_ID', { ROOT_TOKEN_ID: undefined }, `The secret ROOT_TOKEN_ID is not set. ${WHERE}\n`],
  ['without ROOT_TOKEN', { ROOT_TOKEN: undefined }, `The secret ROOT_TOKEN is not set. ${WHERE}\n`],
  ['without MASTER_KEY', { MASTER_KEY: undefined }, `The secret MASTER_KEY is not set. ${WHERE}\n`],
  ['with a malformed MASTER_KEY', { MASTER_KEY: 'c2hvcnQ=' }, 'The secret MASTER_KEY must be base64 of 32 bytes.\n'],
  ['with a short ROOT_TOKEN', { ROOT_TOKEN: 'secret' }, 'The secret ROOT_TOKEN must be at least 32 characters.\n'],
  ['with words for a number', { SEGMENT_BYTES: 'large' }, 'The variable SEGMENT_BYTES must be a whole number.\n'],
]

describe.each(BROKEN)('a deployment %s', (_, changes, sentence) => {
  const broken = { ...env, ...changes }

  test('answers 503 with one clear sentence, whatever the face, and asks to come back', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['PUT', '/bucket'],
      ['GET', '/client/v4/user/tokens/verify'],
    ] as const) {
      const response = await handle(new Request(`http://localhost${path}`, { method }), broken)
      expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([503, '60', sentence])
    }
  })

  test('stores nothing', async () => {
    const bodies = [
      await signedRequest('PUT', '/never-made'),
      await signedRequest('PUT', '/never-made/key', { body: 'bytes' }),
      await signedRequest('OPTIONS', '/never-made', { headers: { origin: 'https://example.com' } }),
    ]
    for (const request of bodies) expect((await handle(request, broken)).status).toBe(503)
    expect(await listDurableObjectIds(env.BUCKETS)).toEqual([])
    expect(await storedSegmentNames()).toEqual([])
    expect((await env.CONTROL.prepare('SELECT count(*) AS n FROM buckets').first())!.n).toBe(0)
  })
})

test('a deployment that is whole answers, and reads its settings once', async () => {
  const reads = vi.fn()
  const get = (target: Env, name: string) => {
    reads(name)
    return Reflect.get(target, name)
  }
  const whole = new Proxy<Env>({ ...env }, { get: (target, name) => get(target, String(name)) })
  expect((await handle(await signedRequest('GET', '/'), whole)).status).toBe(200)
  const settings = () => reads.mock.calls.filter(([name]) => name === 'MASTER_KEY').length
  expect(settings()).toBe(1)
  await handle(await signedRequest('GET', '/'), whole)
  expect(settings()).toBe(1)
})

test('a failure of the platform is a 500 as S3 writes it, and says nothing of its cause', async () => {
  const down = { ...env, CONTROL: { prepare: () => env.CONTROL.prepare('SELECT * FROM secret_table') } as unknown as D1Database }
  const response = await handle(await signedRequest('GET', '/'), down)
  const text = await response.text()
  expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/xml'])
  expect(text).toContain('<Code>InternalError</Code>')
  expect(text).not.toContain('secret_table')
})

test('so it is for a browser, whose answer needs the rules of a bucket that cannot be reached', async () => {
  const stub = new Proxy({}, { get: () => async () => Promise.reject(new Error('Network connection lost.')) })
  const BUCKETS = { idFromName: () => 'id', get: () => stub } as unknown as Env['BUCKETS']
  const request = await signedRequest('GET', '/some-bucket/key', { headers: { origin: 'https://example.com' } })
  const response = await handle(request, { ...env, BUCKETS })
  expect(response.status).toBe(500)
  expect(await response.text()).toContain('<Code>InternalError</Code>')
})

describe('the id of a request to the S3 endpoint', () => {
  const idOf = (response: Response) => response.headers.get('x-amz-request-id')
  const strict = { ...env, R2_STRICT: 'true' }

  test('is on every answer, and no two are alike', async () => {
    const answers = [
      await handle(await signedRequest('GET', '/'), env),
      await handle(await signedRequest('GET', '/no-such-bucket/key'), env),
      await handle(new Request('http://localhost/bucket/key'), env),
      await handle(new Request('http://localhost/bucket/key', { method: 'OPTIONS', headers: { origin: 'https://example.com' } }), env),
    ]
    for (const answer of answers) expect(idOf(answer)).toMatch(/^[0-9A-F]{16}$/)
    expect(new Set(answers.map(idOf)).size).toBe(answers.length)
  })

  test('is in an error, too, and in the log line of an unexpected one', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
    const down = { ...env, CONTROL: { prepare: () => env.CONTROL.prepare('SELECT * FROM secret_table') } as unknown as D1Database }
    const response = await handle(await signedRequest('GET', '/'), down)
    const id = idOf(response)
    expect(await response.text()).toContain(`<RequestId>${id}</RequestId></Error>`)
    expect(logged.mock.calls.some(([text]) => String(text).startsWith(`Request ${id}: `))).toBe(true)
  })

  test('is in no answer in strict mode, as on R2', async () => {
    const response = await handle(await signedRequest('GET', '/no-such-bucket/key'), strict)
    expect(idOf(response)).toBeNull()
    expect(await response.text()).not.toContain('RequestId')
  })
})
