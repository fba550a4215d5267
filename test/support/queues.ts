import type { EventAction, NewNotificationRule } from '../../src/core/notifications.ts'
import { unwrap } from '../../src/core/outcome.ts'
import { BoundQueues } from '../../src/queues/bound-queues.ts'
import { env, type TestBucket } from './bucket.ts'

/** A message as a consumer receives it. */
export interface EventMessage {
  readonly account: string
  readonly action: EventAction
  readonly bucket: string
  readonly object: { readonly key: string; readonly size?: number; readonly eTag?: string }
  readonly eventTime: string
  readonly copySource?: { readonly bucket: string; readonly object: string }
}

/** A queue that keeps its batches. Before each batch, `onSend` may wait or refuse. */
export class FakeQueue {
  readonly batches: EventMessage[][] = []
  /** How many batches were sent to it, refused ones included. */
  calls = 0
  onSend: () => Promise<void> = async () => {}

  async sendBatch(messages: Iterable<MessageSendRequest>): Promise<void> {
    this.calls++
    await this.onSend()
    this.batches.push([...messages].map(({ body }) => body as EventMessage))
  }

  /** Keeps the next batch waiting until the returned function is called; later batches do not wait. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.onSend = () => {
      this.onSend = async () => {}
      return promise
    }
    return resolve
  }

  get messages(): EventMessage[] {
    return this.batches.flat()
  }

  /** The received messages as short texts: `PutObject a`, and so on. */
  get told(): string[] {
    return this.messages.map(({ action, object }) => `${action} ${object.key}`)
  }
}

/** The bindings with these producers, by the names of the queues. */
const envWith = (queues: Readonly<Record<string, FakeQueue>>) => ({
  ...env,
  ...Object.fromEntries(Object.entries(queues).map(([name, queue]) => [`QUEUE_${name.toUpperCase().replaceAll('-', '_')}`, queue])),
})

/** Gives a Bucket's instance these queues; a later instance does not have them. */
export async function bindQueues(bucket: TestBucket, queues: Readonly<Record<string, FakeQueue>>): Promise<void> {
  await bucket.run((instance) => {
    Object.assign(instance, { env: envWith(queues) })
  })
}

/** The id of a bound queue. */
export async function queueIdOf(name: string): Promise<string> {
  const [queue] = await new BoundQueues(new Map([[name, null as unknown as Queue]])).list()
  return queue!.id
}

/** Adds rules to a bucket, for the queue of this name. */
export async function notify(bucket: TestBucket, queueName: string, ...rules: NewNotificationRule[]): Promise<void> {
  unwrap(await bucket.api.addNotificationRules({ queueId: await queueIdOf(queueName), queueName }, rules))
}

export const CREATIONS: readonly EventAction[] = ['PutObject', 'CopyObject', 'CompleteMultipartUpload']
export const DELETIONS: readonly EventAction[] = ['DeleteObject', 'LifecycleDeletion']
