import { createHash } from 'node:crypto'
import { StoreError } from '../core/errors.ts'
import type { QueueInfo, Queues } from './queues.ts'

/** Queues for which the Worker has producer bindings. A binding does not know its queue's id, so the id is a hash of the name. */
export class BoundQueues implements Queues {
  readonly #bindings: ReadonlyMap<string, Queue>

  /** @param bindings by the names of the queues */
  constructor(bindings: ReadonlyMap<string, Queue>) {
    this.#bindings = bindings
  }

  async list(names?: readonly string[]): Promise<QueueInfo[]> {
    const here = [...this.#bindings.keys()].filter((name) => names?.includes(name) ?? true)
    return here.map((name) => ({ id: idOf(name), name }))
  }

  async find(id: string): Promise<QueueInfo | null> {
    return (await this.list()).find((queue) => queue.id === id) ?? null
  }

  async send(id: string, messages: readonly string[]): Promise<void> {
    const queue = this.#bindings.get((await this.find(id))?.name ?? '')
    if (!queue) throw new StoreError('QueueNotFound')
    await queue.sendBatch(messages.map((message) => ({ body: JSON.parse(message), contentType: 'json' })))
  }
}

const idOf = (name: string): string => createHash('sha256').update(`queue ${name}`).digest('hex').slice(0, 32)
