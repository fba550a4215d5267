import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { EventAction } from '../../src/core/notifications.ts'
import { ATTRIBUTES, fakeBlob, HOUR_MS, TestBucket } from '../support/bucket.ts'
import { FAULTS, type Fault, Gate, type Trap } from '../support/faults.ts'
import { bindQueues, CREATIONS, DELETIONS, type EventMessage, FakeQueue, notify } from '../support/queues.ts'

// Every batch that is sent to a queue goes wrong once, in every way. In each case the queue gets a message of each change at least once,
// and the messages of one key in order.

beforeAll(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterAll(() => vi.restoreAllMocks())

interface Change {
  readonly action: EventAction
  readonly key: string
  readonly time: string
}

const sequence: readonly [EventAction, string][] = [
  ['PutObject', 'a'],
  ['PutObject', 'b'],
  ['DeleteObject', 'a'],
  ['PutObject', 'a'],
  ['CopyObject', 'b'],
  ['DeleteObject', 'b'],
  ['PutObject', 'b'],
  ['PutObject', 'a'],
]

/** A bucket, its queue behind a gate, and the changes that were made. A crash ends the instance; the next instance has the same queue. */
class Scene {
  readonly changes: Change[] = []
  readonly queue = new FakeQueue()
  gate = new Gate()
  #crashed = false
  readonly #bucket: TestBucket

  constructor(bucket: TestBucket) {
    this.#bucket = bucket
  }

  async close(trap?: Omit<Trap, 'meanwhile' | 'end'>): Promise<void> {
    const { queue } = this
    const bucket = this.#bucket
    this.#crashed = false
    await bucket.run((_, state) => {
      const end = () => {
        this.#crashed = true
        state.abort('A crash')
      }
      const meanwhile = async () => {
        bucket.nowMs += HOUR_MS
      }
      this.gate = new Gate(trap && { ...trap, end, meanwhile })
    })
    const guarded = new FakeQueue()
    guarded.sendBatch = (messages) => this.gate.pass('queue.sendBatch', () => queue.sendBatch(messages))
    await bindQueues(bucket, { events: guarded })
  }

  /** Makes a change, and makes it again if a crash prevented it. */
  async change(action: EventAction, key: string): Promise<void> {
    const bucket = this.#bucket
    for (let tries = 0; tries < 3; tries++) {
      const ms = ++bucket.nowMs
      const etag = String(ms).padStart(32, '0')
      await this.#survive<unknown>(() => {
        if (action === 'DeleteObject') return bucket.api.deleteObjects([key])
        const copySource = action === 'CopyObject' ? { bucket: 'x', object: 'y' } : undefined
        return bucket.api.commitObject({ ...ATTRIBUTES, key, blob: fakeBlob(1), etag, copySource })
      })
      const look = () => bucket.api.lookup({ key, body: false })
      const looked = (await this.#survive(look)) ?? (await look())
      const happened = looked.ok ? looked.value.head.etag === etag : action === 'DeleteObject'
      if (!happened) continue
      this.changes.push({ action, key, time: new Date(ms).toISOString() })
      return
    }
    throw new Error('One crash keeps one change from happening')
  }

  ring = async (): Promise<void> => {
    await this.#survive(() => this.#bucket.ring())
  }

  /** Returns the result of `work`; undefined if a crash ends it. */
  async #survive<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!this.#crashed) throw error
      await this.#bucket.setClock()
      await this.close()
      return undefined
    }
  }
}

/** Each message once, in the order of their first arrival. */
function firsts(messages: readonly EventMessage[]): Change[] {
  const found = new Map(
    messages.map(({ action, object, eventTime }) => [`${eventTime} ${object.key}`, { action, key: object.key, time: eventTime }]),
  )
  return [...found.values()]
}

async function visit(trap?: { fault: Fault; at: number }): Promise<number> {
  const bucket = await TestBucket.create()
  await notify(bucket, 'events', { actions: [...CREATIONS, ...DELETIONS] })
  const scene = new Scene(bucket)
  await scene.close(trap)
  for (const [index, [action, key]] of sequence.entries()) {
    await scene.change(action, key)
    if (index % 3 === 1) await scene.ring()
  }
  await scene.ring()
  const calls = scene.gate.calls.length
  await scene.close() // From now on no call goes wrong.
  await bucket.pass(HOUR_MS)
  expect(await bucket.rows('events', 'queue_retries')).toBe(0)
  const told = firsts(scene.queue.messages)
  for (const key of ['a', 'b']) {
    const of = (changes: readonly Change[]) => changes.filter((change) => change.key === key)
    expect(of(told), JSON.stringify(trap)).toEqual(of(scene.changes))
  }
  return calls
}

test('without a fault every change arrives, in order for its key', async () => {
  expect(await visit()).toBeGreaterThan(3)
})

test.each(FAULTS)(
  'every change arrives at least once, in order for its key, when any batch is %s',
  async (fault) => {
    for (let at = 0; at < sequence.length; at++) await visit({ fault, at })
  },
  60_000,
)
