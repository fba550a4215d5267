import type { Step } from '../../core/step.ts'
import type { JobReport } from '../job-kind.ts'
import { copyWhole } from './copy-whole.ts'
import { type Feed, openFeed } from './feed.ts'
import type { Copier, Item, MigrationCursor, WaitingItem } from './migration.ts'
import { Tally } from './tally.ts'
import { sourceError } from './verdicts.ts'
import { runWorkers } from './workers.ts'

/** A step begins no further object after this time, so that a pause takes effect soon and the counts are fresh. */
const STEP_MS = 4000
/** Calls after which a step begins no further object. */
const STEP_CALLS = 300
/**
 * The most objects that are copied at the same time. Six of them at most wait for the source to answer: a source sees to that itself, since
 * the platform allows an invocation no more. The others are read and stored meanwhile.
 */
export const WIDEST = 12
/** As many objects may wait for another attempt before no further ones are begun. */
const MOST_WAITING = 64

/** The interfaces of a step that copies objects in one piece. */
export interface ItemsStep {
  readonly copier: Copier
  readonly keys: readonly string[] | undefined
  readonly calls: () => number
  /** Whether nobody wants the step to go on: the job was paused or canceled. */
  readonly stopped: () => boolean
}

/**
 * Copies the next objects, several at a time, until the step's budget is spent or a large object comes.
 * @throws StoreError when nothing could be copied because the source or the bucket fails
 */
export async function copyItems(step: ItemsStep, cursor: MigrationCursor): Promise<Step<MigrationCursor, JobReport>> {
  const { copier, keys, calls } = step
  const feed = openFeed(copier, keys, cursor)
  const run = new Run(step, feed, cursor)
  await runWorkers(cursor.width, () => run.work())
  const { tally } = run
  await checkProgress(copier, tally, feed, cursor)
  const waiting = [...run.untouched, ...tally.waiting(copier.now()), ...run.largeOnes]
  const position = feed.position()
  const next: MigrationCursor = { ...position, prefix: feed.prefix, waiting, width: widthAfter(cursor.width, tally) }
  const report: JobReport = {
    counts: tally.counts(),
    log: tally.lines,
    calls: calls(),
    waitMs: tally.askedMs ?? pauseMs(copier.now(), next, feed),
  }
  return { report, ...((!position.ended || waiting.length > 0) && { next }) }
}

/** The work of one step. Several workers take items from it. */
class Run {
  readonly tally = new Tally()
  /** Items that are not due yet, or that no worker took. */
  readonly untouched: WaitingItem[]
  /** Items that turned out to be large. */
  readonly largeOnes: WaitingItem[] = []
  readonly #step: ItemsStep
  readonly #feed: Feed
  readonly #endMs: number
  readonly #isFull: boolean
  #taking: Promise<unknown> = Promise.resolve()

  constructor(step: ItemsStep, feed: Feed, { waiting }: MigrationCursor) {
    this.#step = step
    this.#feed = feed
    this.#endMs = step.copier.now() + STEP_MS
    this.untouched = [...waiting]
    this.#isFull = waiting.length >= MOST_WAITING
  }

  async work(): Promise<void> {
    for (let item = await this.#take(); item; item = await this.#take()) {
      const verdict = await copyWhole(this.#step.copier, item)
      if (verdict.kind === 'large') this.largeOnes.push({ ...verdict.item, dueMs: 0 })
      else this.tally.add(item, verdict)
    }
  }

  /** Takes the next item; one worker after the other, since the feed returns one at a time. */
  #take(): Promise<Item | undefined> {
    const taken = this.#taking.then(() => this.#next())
    this.#taking = taken.catch(() => {})
    return taken
  }

  async #next(): Promise<Item | undefined> {
    const { copier, calls, stopped } = this.#step
    const isSpent = stopped() || copier.now() >= this.#endMs || calls() >= STEP_CALLS || this.largeOnes.length > 0 || this.tally.throttled
    if (isSpent) return undefined
    const due = this.untouched.findIndex(({ dueMs }) => dueMs <= copier.now())
    if (due >= 0) return this.untouched.splice(due, 1)[0]
    if (this.#isFull) return undefined
    const item = await this.#feed.next()
    if (item) this.tally.found(item)
    return item
  }
}

/**
 * Decides whether a step without progress counts as an attempt of its objects. It does not if the whole source, or the bucket, fails: the
 * job then repeats the step later, so that an outage costs no object its attempts.
 */
async function checkProgress({ source, countCalls }: Copier, tally: Tally, feed: Feed, { prefix }: MigrationCursor): Promise<void> {
  const failure = feed.failure()
  if (tally.settled > 0) return
  if (failure && tally.retried.length === 0) throw sourceError(failure)
  const outage = tally.retried.find(({ verdict }) => verdict.whose === 'target')
  if (outage) throw outage.verdict.error
  const [first] = tally.retried
  if (first === undefined || tally.askedMs !== undefined) return
  if (tally.throttled) throw first.verdict.error
  countCalls(1)
  const probe = await source.list({ prefix: feed.prefix ?? prefix, limit: 1 })
  if (!probe.ok && probe.failure.kind === 'unreachable') throw sourceError(probe.failure)
}

/** Throttled by the source, half as many objects at the same time; otherwise one more. */
const widthAfter = (width: number, tally: Tally): number => (tally.throttled ? Math.max(width >> 1, 1) : Math.min(width + 1, WIDEST))

/** How long the next step waits: for the first item that is due, if there is nothing else to do, or for a listing that failed. */
function pauseMs(nowMs: number, { waiting, ended }: MigrationCursor, feed: Feed): number | undefined {
  const firstMs = Math.min(...waiting.map(({ dueMs }) => dueMs))
  if (feed.failure()) return 1000
  if (waiting.length === 0 || firstMs <= nowMs) return undefined
  return ended || waiting.length >= MOST_WAITING ? firstMs - nowMs : undefined
}
