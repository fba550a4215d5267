import { batchLength } from '../../../src/core/notifications.ts'
import { STORE_TIMEOUT_MS, within } from '../../../src/core/timeout.ts'
import type { Queues } from '../../../src/queues/queues.ts'
import type { Context } from '../context.ts'
import { dropEvents, isPostponed, pendingEvents, postponeEvents, waitingQueues } from './events.ts'

/** How many batches one delivery sends to a queue; the alarm continues at once. */
const BATCHES = 100

/** The ports of a delivery. */
interface Deliverer {
  readonly context: Context
  readonly queues: () => Queues
  /** Resolves when everything that was written so far is durable. */
  readonly sync: () => Promise<void>
  /** Runs `work` in a transaction, and sets the alarm that it requests. */
  readonly transaction: <T>(work: (context: Context) => T) => T
}

/**
 * Sends the messages of the outbox. Each queue gets its messages in order, one batch at a time, and independently of the other queues. A
 * message is deleted only after its queue has accepted it, so that it arrives at least once.
 */
export class Delivery {
  readonly #running = new Map<string, Promise<void>>()
  readonly #deliverer: Deliverer

  constructor(deliverer: Deliverer) {
    this.#deliverer = deliverer
  }

  /** Sends the messages that wait for a queue, unless a delivery to it is running or the queue waits for its retry. */
  start(queueId: string): void {
    if (!this.#running.has(queueId) && !isPostponed(this.#deliverer.context, queueId)) this.#running.set(queueId, this.#deliver(queueId))
  }

  /** Starts to send everything that is due. */
  startAll(): void {
    for (const queueId of waitingQueues(this.#deliverer.context.sql)) this.start(queueId)
  }

  /** Sends everything that is due, and resolves when that has succeeded or failed. */
  async all(): Promise<void> {
    this.startAll()
    await Promise.all(this.#running.values())
  }

  /**
   * Throws only if the storage fails. It ends in the same turn in which it finds no message left: so no message can be written in between
   * and stay unsent.
   */
  async #deliver(queueId: string): Promise<void> {
    const { context, queues, sync, transaction } = this.#deliverer
    await Promise.resolve() // Let the change that caused this delivery be answered first.
    try {
      for (let batches = 0; batches < BATCHES; batches++) {
        const pending = pendingEvents(context.sql, queueId)
        const batch = pending.slice(0, batchLength(pending.map(({ message }) => message)))
        const last = batch.at(-1)
        if (!last) return
        await sync() // Send no message of a change that a crash could still undo.
        const messages = batch.map(({ message }) => message)
        await within(STORE_TIMEOUT_MS, queues().send(queueId, messages))
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
