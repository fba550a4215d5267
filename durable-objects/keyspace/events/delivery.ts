import { batchLength } from '../../../src/core/notifications.ts'
import { PATIENCE_MS, within } from '../../../src/core/patience.ts'
import type { Queues } from '../../../src/queues/queues.ts'
import type { Context } from '../context.ts'
import { dropEvents, isPostponed, pendingEvents, postponeEvents, waitingQueues } from './events.ts'

/** How much is sent to a queue at a time; the alarm goes on at once. */
const BATCHES = 100

/** What a delivery works with. */
interface Deliverer {
  readonly context: Context
  readonly queues: () => Queues
  /** Resolves when what was written so far cannot be lost any more. */
  readonly sync: () => Promise<void>
  /** Runs `work` in a transaction, and sets the alarm that it asks for. */
  readonly transaction: <T>(work: (context: Context) => T) => T
}

/**
 * Sends the messages of the outbox: to each queue in order, one batch at a time, and each queue for itself. A message is forgotten
 * when its queue has it, so that it arrives at least once.
 */
export class Delivery {
  readonly #running = new Map<string, Promise<void>>()
  readonly #deliverer: Deliverer

  constructor(deliverer: Deliverer) {
    this.#deliverer = deliverer
  }

  /** Sends what waits for a queue, unless that is being done or the queue is left alone for now. */
  start(queueId: string): void {
    if (!this.#running.has(queueId) && !isPostponed(this.#deliverer.context, queueId)) this.#running.set(queueId, this.#deliver(queueId))
  }

  /** Sends everything that is due. */
  startAll(): void {
    for (const queueId of waitingQueues(this.#deliverer.context.sql)) this.start(queueId)
  }

  /** Sends everything that is due, and returns when that is done or has failed. */
  async all(): Promise<void> {
    this.startAll()
    await Promise.all(this.#running.values())
  }

  /** Fails with the storage alone. It ends in the very moment in which it finds nothing left, so that nothing can come in between. */
  async #deliver(queueId: string): Promise<void> {
    const { context, queues, sync, transaction } = this.#deliverer
    await Promise.resolve() // The change that this follows is answered first.
    try {
      for (let batches = 0; batches < BATCHES; batches++) {
        const pending = pendingEvents(context.sql, queueId)
        const batch = pending.slice(0, batchLength(pending.map(({ message }) => message)))
        const last = batch.at(-1)
        if (!last) return
        await sync() // Nobody hears of a change that a crash takes back.
        const messages = batch.map(({ message }) => message)
        await within(PATIENCE_MS, queues().send(queueId, messages))
        dropEvents(context.sql, queueId, last.seq)
      }
      transaction(({ wakeAt, now }) => wakeAt(now()))
    } catch (error) {
      const lost = transaction((inside) => postponeEvents(inside, queueId))
      console.warn(`Events could not be sent to the queue ${queueId}, trying again later:`, error)
      if (lost > 0) console.error(`${lost} events for the queue ${queueId} waited too long and were dropped.`)
    } finally {
      this.#running.delete(queueId)
    }
  }
}
