import { afterEach, describe, expect, test, vi } from 'vitest'
import { queueBindings } from '../../src/config.ts'
import { AccountQueues } from '../../src/queues/account-queues.ts'
import { BoundQueues } from '../../src/queues/bound-queues.ts'
import { createQueues, type QueueInfo } from '../../src/queues/queues.ts'
import { queuesContract } from '../contracts/queues.ts'
import { env } from '../support/bucket.ts'
import { FakeQueue } from '../support/queues.ts'
import { API, FakeQueuesApi } from '../support/queues-api.ts'

afterEach(() => vi.unstubAllGlobals())

const bind = (...names: string[]) => new Map(names.map((name) => [name, new FakeQueue()]))
const asBindings = (fakes: Map<string, FakeQueue>) => fakes as unknown as ReadonlyMap<string, Queue>

queuesContract('bound', () => {
  const fakes = bind('one', 'two')
  const one = fakes.get('one')!
  const refuse = () => {
    one.onSend = () => Promise.reject(new Error('refused'))
  }
  return { queues: new BoundQueues(asBindings(fakes)), received: () => one.messages, refuse }
})

queuesContract("the account's", () => {
  const api = new FakeQueuesApi(['one', 'two'])
  const refuse = () => {
    api.refuses = true
  }
  return { queues: new AccountQueues(API), received: () => api.received.get('one') ?? [], refuse }
})

queuesContract('one bound, one of the account', () => {
  new FakeQueuesApi(['two'])
  const fakes = bind('one')
  const refuse = () => {
    fakes.get('one')!.onSend = () => Promise.reject(new Error('refused'))
  }
  return {
    queues: createQueues({ bound: asBindings(fakes), api: API }),
    received: () => fakes.get('one')!.messages,
    refuse,
  }
})

describe('the queues of a deployment', () => {
  test('that are bound and of the account are listed once, by the id that the API knows; a rule with the other id goes on', async () => {
    const api = new FakeQueuesApi(['one'])
    const fakes = bind('one')
    const queues = createQueues({ bound: asBindings(fakes), api: API })
    expect(await queues.list()).toMatchObject([{ id: api.idOf('one'), name: 'one' }])
    const [{ id }] = (await new BoundQueues(asBindings(fakes)).list()) as [QueueInfo]
    await queues.send(id, ['1'])
    await queues.send(api.idOf('one'), ['2'])
    expect([fakes.get('one')!.messages, api.received.get('one')]).toEqual([[1], [2]])
  })

  test('say what the API said, never the token', async () => {
    const api = new FakeQueuesApi(['one'])
    const failing = (queues: AccountQueues) => queues.list().catch((error: Error) => error.message)
    expect(await failing(new AccountQueues({ ...API, token: 'wrong' }))).toBe(
      'The Queues API of the account answered 403: Authentication error (10000)',
    )
    api.refuses = true
    expect(await failing(new AccountQueues(API))).toBe('The Queues API of the account answered 429: Too many requests (10401)')
    vi.stubGlobal('fetch', async () => new Response('<html>', { status: 502 }))
    expect(await failing(new AccountQueues(API))).toBe('The Queues API of the account answered 502: no reason')
  })

  test('are read from producer bindings and variables', () => {
    const producer = new FakeQueue()
    const vars = { QUEUE_MY_EVENTS: producer, QUEUE_LENGTH: '5', QUEUES_API_TOKEN: 't', QUEUES_ACCOUNT_ID: 'b'.repeat(32) }
    expect(queueBindings({ ...env, ...vars })).toEqual({
      bound: new Map<string, unknown>([
        ['cairn-events', expect.anything()],
        ['my-events', producer],
      ]),
      api: { token: 't', accountId: 'b'.repeat(32), baseUrl: 'https://api.cloudflare.com/client/v4' },
    })
    expect(queueBindings({ ...env, QUEUES_API_TOKEN: 't', QUEUES_API_BASE_URL: 'http://x/' }).api).toEqual({
      token: 't',
      accountId: env.ACCOUNT_ID,
      baseUrl: 'http://x',
    })
    expect(() => queueBindings({ ...env, QUEUES_API_TOKEN: 't', QUEUES_ACCOUNT_ID: 'mine' })).toThrow('QUEUES_ACCOUNT_ID')
  })
})
