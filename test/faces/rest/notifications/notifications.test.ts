import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createToken } from '../../../../src/control/tokens.ts'
import { handle } from '../../../../src/gateway.ts'
import { env, secrets, TestBucket } from '../../../support/bucket.ts'
import { queueIdOf } from '../../../support/queues.ts'
import { API, FakeQueuesApi } from '../../../support/queues-api.ts'

afterEach(() => vi.unstubAllGlobals())

type Answer = { status: number; errors: { code: number; message: string }[]; result: never }

async function call(
  method: string,
  path: string,
  { body, token = secrets.rootToken, headers = {}, on = env }: Options = {},
): Promise<Answer> {
  const init = {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  }
  const response = await handle(new Request(`https://cairn.example/client/v4/accounts/${secrets.accountId}${path}`, init), on)
  return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) }
}
interface Options {
  body?: unknown
  token?: string
  headers?: Record<string, string>
  on?: typeof env
}

const CREATE = ['PutObject', 'CopyObject', 'CompleteMultipartUpload']
const NONE = 'f'.repeat(32)
let path: string
let queue: string
beforeEach(async () => {
  const { ref } = await TestBucket.create()
  path = `/event_notifications/r2/${ref.name}/configuration`
  queue = `${path}/queues/${await queueIdOf('cairn-events')}`
})

describe('event notification rules', () => {
  test('are added, listed and removed', async () => {
    const name = path.split('/')[3]
    expect(await call('GET', path)).toMatchObject({ status: 200, result: { bucketName: name, queues: [] } })
    const first = { actions: CREATE, prefix: 'img/', suffix: '.png', description: 'd' }
    expect(await call('PUT', queue, { body: { rules: [first] } })).toMatchObject({ status: 200, result: {} })
    expect(await call('PUT', queue, { body: { rules: [{ actions: ['DeleteObject'] }] } })).toMatchObject({ status: 200 })
    const { result } = (await call('GET', queue)) as unknown as { result: { rules: { ruleId: string; createdAt: string }[] } }
    expect(result).toMatchObject({ queueName: 'cairn-events', rules: [first, { actions: ['DeleteObject'], prefix: '', suffix: '' }] })
    expect(result.rules[0]!.createdAt).toMatch(/^\d{4}-.*Z$/)
    expect(await call('GET', path)).toMatchObject({ result: { bucketName: name, queues: [result] } })
    expect(await call('DELETE', queue, { body: { ruleIds: [result.rules[0]!.ruleId] } })).toMatchObject({ status: 200, result: {} })
    expect(await call('GET', queue)).toMatchObject({ result: { rules: [result.rules[1]] } })
    expect(await call('DELETE', queue)).toMatchObject({ status: 200 })
    expect(await call('GET', queue)).toMatchObject({ status: 404, errors: [{ code: 11015 }] })
  })

  test.each<[string, unknown, number, number]>([
    ['no JSON object', [], 400, 10040],
    ['rules that are none', { rules: 'x' }, 400, 10040],
    ['no rules', {}, 400, 11014],
    ['an action that there is not', { rules: [{ actions: ['AbortMultipartUpload'] }] }, 400, 11014],
    ['no action', { rules: [{ actions: [] }] }, 400, 11014],
    ['rules that overlap', { rules: [{ actions: ['PutObject'] }, { actions: ['PutObject'], prefix: 'a' }] }, 409, 11020],
  ])('refuse %s, and keep nothing of it', async (_, body, status, code) => {
    expect(await call('PUT', queue, { body })).toMatchObject({ status, errors: [{ code }] })
    expect(await call('GET', path)).toMatchObject({ result: { queues: [] } })
  })

  test('need a queue and a bucket of the jurisdiction that is asked for', async () => {
    const body = { rules: [{ actions: CREATE }] }
    expect(await call('PUT', `${path}/queues/${NONE}`, { body })).toMatchObject({ status: 404, errors: [{ code: 11000 }] })
    const headers = { 'cf-r2-jurisdiction': 'eu' }
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const about = { ...(method === 'PUT' ? { body } : {}), headers }
      expect(await call(method, queue, about)).toMatchObject({ status: 404, errors: [{ code: 10006 }] })
    }
    expect(await call('DELETE', queue)).toMatchObject({ status: 404, errors: [{ code: 11015 }] })
    await call('PUT', queue, { body })
    expect(await call('DELETE', queue, { body: { ruleIds: ['none'] } })).toMatchObject({ status: 404, errors: [{ code: 11011 }] })
  })
})

describe('queues', () => {
  const withApi = { ...env, QUEUES_API_TOKEN: API.token, QUEUES_ACCOUNT_ID: API.accountId, QUEUES_API_BASE_URL: API.baseUrl }

  test('that are bound are listed and found; how others are declared is said', async () => {
    const id = await queueIdOf('cairn-events')
    const told = { queue_id: id, queue_name: 'cairn-events' }
    expect(await call('GET', '/queues?page=1&name=cairn-events')).toMatchObject({ result: [told], result_info: { total_count: 1 } })
    expect(await call('GET', '/queues')).toMatchObject({ result: [told] })
    expect((await call('GET', '/queues?name=cairn')).result).toEqual([])
    expect((await call('GET', '/queues?page=2')).result).toEqual([])
    expect(await call('GET', `/queues/${id}`)).toMatchObject({ result: told })
    expect(await call('GET', `/queues/${NONE}`)).toMatchObject({ status: 404, errors: [{ code: 11000 }] })
    const message = expect.stringContaining('wrangler.jsonc')
    expect(await call('POST', '/queues', { body: { queue_name: 'x' } })).toMatchObject({ status: 501, errors: [{ message }] })
    expect(await call('GET', `/queues/${id}/consumers`)).toMatchObject({ status: 501, errors: [{ message }] })
  })

  test('of the account are listed, and everything else about them is passed on with its answer', async () => {
    const api = new FakeQueuesApi(['one', 'two'])
    const id = api.idOf('two')
    const { result } = await call('GET', '/queues', { on: withApi })
    expect((result as { queue_name: string }[]).map(({ queue_name }) => queue_name)).toEqual(['one', 'two', 'cairn-events'])
    expect(await call('GET', `/queues/${id}`, { on: withApi })).toMatchObject({ result: { created_on: '2026-01-02T03:04:05.678Z' } })
    const body = { queue_name: 'three' }
    expect(await call('POST', '/queues', { on: withApi, body })).toMatchObject({ status: 200, result: { created: body } })
    api.asked.length = 0
    expect(await call('PATCH', `/queues/${id}`, { on: withApi, body: { settings: {} } })).toMatchObject({ status: 200 })
    expect(await call('DELETE', `/queues/${id}/consumers/${NONE}`, { on: withApi })).toMatchObject({ status: 200 })
    expect(await call('DELETE', `/queues/${NONE}`, { on: withApi })).toMatchObject({ status: 404, errors: [{ code: 11000 }] })
    expect(api.asked).toEqual([
      { method: 'PATCH', path: `/${id}`, body: { settings: {} } },
      { method: 'DELETE', path: `/${id}/consumers/${NONE}`, body: undefined },
      { method: 'DELETE', path: `/${NONE}`, body: undefined },
    ])
  })

  test.each([
    '/queues/..%2f..%2fworkers',
    '/queues/%2e%2e%2fworkers/consumers',
    `/queues/${NONE}/consumers/..%2f..`,
    '/queues/a%3fb/purge',
  ])('are all that the token of the account is used for: not %s', async (hostile) => {
    const api = new FakeQueuesApi(['one'])
    for (const method of ['DELETE', 'GET', 'PUT', 'POST']) {
      expect(
        (await call(method, hostile, { on: withApi, ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }) })).status,
      ).toBeGreaterThan(399)
    }
    expect(api.asked).toEqual([])
  })

  test('are not changed by a token that is limited to buckets, or may only read', async () => {
    new FakeQueuesApi(['one'])
    const tokens = {
      a: { level: 'admin-read' },
      b: { level: 'admin-read-write', buckets: [{ jurisdiction: 'default', name: 'x' }] },
    } as const
    for (const [name, policy] of Object.entries(tokens)) {
      const value = `token-${name}`.repeat(6)
      await createToken(env.CONTROL, secrets, { id: name.repeat(32), value, name, policies: [policy] }, Date.now())
      const answer = await call('POST', '/queues', { on: withApi, token: value, body: { queue_name: 'x' } })
      expect(answer).toMatchObject({ status: 403, errors: [{ code: 10000 }] })
    }
  })
})
