import type { JobCounts, JobLogLine } from '../../core/job.ts'
import { ATTEMPTS, failedVerdict, type Item, type Verdict, type WaitingItem } from './migration.ts'

const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 5 * 60_000

type Retry = Extract<Verdict, { kind: 'retry' }>

/** The results of a step: what is counted, what is logged, and what is tried again. */
export class Tally {
  readonly lines: JobLogLine[] = []
  readonly retried: { readonly item: Item; readonly verdict: Retry }[] = []
  #objects = 0
  #listedBytes = 0
  #transferred = 0
  #skipped = 0
  #failed = 0
  #bytes = 0

  /** How many objects are done with. */
  get settled(): number {
    return this.#transferred + this.#skipped + this.#failed
  }

  get throttled(): boolean {
    return this.retried.some(({ verdict }) => verdict.throttled)
  }

  /** How long the source asked to wait; undefined if it did not. */
  get askedMs(): number | undefined {
    const times = this.retried.flatMap(({ verdict }) => (verdict.throttled && verdict.afterMs !== undefined ? [verdict.afterMs] : []))
    return times.length === 0 ? undefined : Math.min(Math.max(...times), LAST_RETRY_MS)
  }

  /** Counts an item that was found. */
  found({ size = 0 }: Item): void {
    this.#objects++
    this.#listedBytes += size
  }

  /** Counts bytes of a large object; less than none when they are copied once more. */
  copied(bytes: number): void {
    this.#bytes += bytes
  }

  add(item: Item, verdict: Verdict): void {
    if (verdict.kind === 'retry') this.retried.push({ item, verdict })
    if (verdict.kind === 'transferred') {
      this.#transferred++
      this.#bytes += verdict.bytes
    }
    if (verdict.kind === 'skipped') this.#skipped++
    if (verdict.kind === 'failed') this.#failed++
    if ('line' in verdict && verdict.line) this.lines.push(verdict.line)
  }

  /**
   * Ends the step. An item whose last attempt failed is given up; the others wait, each for twice as long as the time before, or as long as
   * the source asked. A source that asks for a lower rate costs an item no attempt.
   */
  waiting(nowMs: number): WaitingItem[] {
    const waiting: WaitingItem[] = []
    for (const { item, verdict } of this.retried) {
      const attempts = item.attempts + (verdict.throttled ? 0 : 1)
      if (attempts >= ATTEMPTS) this.add(item, failedVerdict(item.key, verdict.error.message))
      else waiting.push({ ...item, attempts, dueMs: nowMs + retryMs(attempts, verdict) })
    }
    return waiting
  }

  counts(): JobCounts {
    return {
      objects: this.#objects,
      transferred: this.#transferred,
      skipped: this.#skipped,
      failed: this.#failed,
      bytes: this.#bytes,
      listedBytes: this.#listedBytes,
    }
  }
}

/** Half of the time is random, so that objects that failed together do not return together. */
export function retryMs(attempts: number, { afterMs }: Pick<Retry, 'afterMs'>): number {
  if (afterMs !== undefined) return Math.min(afterMs, LAST_RETRY_MS)
  const most = Math.min(FIRST_RETRY_MS * 2 ** Math.max(attempts - 1, 0), LAST_RETRY_MS)
  return Math.ceil(most / 2 + (most / 2) * Math.random())
}
