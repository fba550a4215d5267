import { StoreError } from '../../core/errors.ts'
import type { Part } from '../../core/multipart.ts'
import type { Step } from '../../core/step.ts'
import type { SourceFailure } from '../../sources/source.ts'
import type { JobReport } from '../job-kind.ts'
import { bodyOf, discard } from './body.ts'
import type { ItemsStep } from './copy-items.ts'
import { afterRefusal, conditionsOf, existingAt, metadataOf, verdictOnExisting } from './copy-whole.ts'
import {
  ATTEMPTS,
  type Copier,
  failedVerdict,
  type Item,
  type LargeCopy,
  type MigrationCursor,
  targetOf,
  type Verdict,
} from './migration.ts'
import { retryMs, Tally } from './tally.ts'
import { verdictOfError, verdictOfFailure } from './verdicts.ts'
import { runWorkers } from './workers.ts'

const MIB = 1024 * 1024
const MOST_PARTS = 10_000
/** Parts that are copied at the same time: each may wait for the source and for KV. */
const WIDTH = 4
/** A step begins no further part after this time. */
const STEP_MS = 4000
const STEP_CALLS = 300
/** Calls of one part without its segments. */
const PART_CALLS = 4
const SEGMENT_BYTES = 24 * MIB

type LargeItem = Item & { readonly size: number }
type StepOf = Step<MigrationCursor, JobReport>

/** Begins the copy of a large object: opens an upload with the metadata of the source. */
export async function beginLarge({ copier, calls }: ItemsStep, cursor: MigrationCursor, item: LargeItem): Promise<StepOf> {
  const begun = await openUpload(copier, item)
  const tally = new Tally()
  if (!('kind' in begun)) return { report: { counts: tally.counts(), calls: calls() }, next: { ...cursor, large: begun } }
  tally.add(item, begun)
  return settle(copier, { ...cursor, large: undefined }, tally, calls())
}

async function openUpload(copier: Copier, item: LargeItem): Promise<LargeCopy | Verdict> {
  try {
    const existing = await verdictOnExisting(copier, item)
    if (existing) return existing
    copier.countCalls(3)
    const head = await copier.source.head(item.key)
    if (!head.ok) return verdictOfFailure(item.key, head.failure)
    const { etag, size = item.size } = head.value
    if (etag === '') return failedVerdict(item.key, 'The source gives no ETag, so nothing shows that its parts are of one object.')
    const at = targetOf(copier, item.key)
    const { uploadId } = await copier.store.createMultipartUpload(at, metadataOf({ head: head.value }))
    // Longer parts for an object that would have too many of them.
    const partBytes = Math.max(copier.sizes.partBytes, Math.ceil(size / MOST_PARTS / MIB) * MIB)
    return { ...item, etag, size, uploadId, partBytes, next: 1, missing: [], bytes: 0, idle: 0, changes: changesOf(item) }
  } catch (error) {
    return verdictOfError(item.key, error)
  }
}

/** An item that was begun before carries the number of changes along. */
const changesOf = (item: Item & Partial<LargeCopy>): number => item.changes ?? 0

/** Copies further parts of a large object, or completes it. A part that is copied twice replaces itself. */
export async function continueLarge(step: ItemsStep, cursor: MigrationCursor, large: LargeCopy): Promise<StepOf> {
  const { copier, calls } = step
  const work = new Parts(step, large)
  await runWorkers(WIDTH, () => work.work())
  const tally = new Tally()
  tally.copied(work.bytes)
  const copied: LargeCopy = { ...large, next: work.next, missing: work.missing, bytes: large.bytes + work.bytes }
  if (work.ending) return endCopy(copier, cursor, { large: copied, tally, verdict: work.ending, calls })
  if (work.problem && work.bytes === 0) return retryParts(copier, cursor, { large: copied, tally, problem: work.problem, calls })
  if (copied.next <= partsOf(copied) || copied.missing.length > 0) {
    return { report: { counts: tally.counts(), calls: calls() }, next: { ...cursor, large: { ...copied, idle: 0 } } }
  }
  return endCopy(copier, cursor, { large: copied, tally, verdict: await complete(copier, copied), calls })
}

const partsOf = ({ size, partBytes }: LargeCopy): number => Math.ceil(size / partBytes)

interface Ending {
  readonly large: LargeCopy
  readonly tally: Tally
  readonly calls: () => number
}

/** No part could be copied: the step is tried again later, but not for ever. */
async function retryParts(
  copier: Copier,
  cursor: MigrationCursor,
  { large, tally, problem, calls }: Ending & { problem: Problem },
): Promise<StepOf> {
  // While the bucket fails, the mechanism of jobs repeats the step.
  if (problem.whose === 'target') throw problem.error
  const idle = large.idle + (problem.throttled ? 0 : 1)
  if (idle >= ATTEMPTS) return endCopy(copier, cursor, { large, tally, verdict: failedVerdict(large.key, problem.error.message), calls })
  const report = { counts: tally.counts(), calls: calls(), waitMs: retryMs(idle, problem) }
  return { report, next: { ...cursor, large: { ...large, idle } } }
}

/** Ends the copy of a large object: counts it, or lets it begin once more because it changed. */
async function endCopy(
  copier: Copier,
  cursor: MigrationCursor,
  { large, tally, verdict, calls }: Ending & { verdict: Verdict | 'changed' },
): Promise<StepOf> {
  const rest: MigrationCursor = { ...cursor, large: undefined }
  if (verdict !== 'changed' && verdict.kind === 'transferred') {
    tally.add(large, { kind: 'transferred', bytes: 0 })
    return settle(copier, rest, tally, calls())
  }
  tally.copied(-large.bytes)
  copier.countCalls(1)
  await copier.store.abortMultipartUpload(targetOf(copier, large.key), large.uploadId).catch(ignoreGone)
  if (verdict !== 'changed') tally.add(large, verdict)
  else if (large.changes > 0) tally.add(large, failedVerdict(large.key, 'The object keeps changing at the source.'))
  else return settle(copier, { ...rest, waiting: [...rest.waiting, again(large)] }, tally, calls())
  return settle(copier, rest, tally, calls())
}

/** The item anew, with its number of changes. */
const again = ({ key, size, attempts, changes }: LargeCopy) => ({ key, size, attempts, changes: changes + 1, dueMs: 0 })

function ignoreGone(error: unknown): void {
  if (!(error instanceof StoreError)) throw error
}

/** The step behind the end of an object. A job with nothing else to do has ended. */
function settle(copier: Copier, cursor: MigrationCursor, tally: Tally, calls: number): StepOf {
  const waiting = [...cursor.waiting, ...tally.waiting(copier.now())]
  const isDone = cursor.ended && waiting.length === 0
  return { report: { counts: tally.counts(), log: tally.lines, calls }, ...(!isDone && { next: { ...cursor, waiting } }) }
}

async function complete(copier: Copier, large: LargeCopy): Promise<Verdict | 'changed'> {
  const { store } = copier
  const at = targetOf(copier, large.key)
  const { uploadId } = large
  try {
    const parts: Part[] = []
    for (let more = true; more; ) {
      copier.countCalls(1)
      const page = await store.listParts(at, { uploadId, after: parts.at(-1)?.partNumber ?? 0, limit: 1000 })
      parts.push(...page.parts)
      more = page.truncated
    }
    copier.countCalls(1)
    const { size } = await store.completeMultipartUpload(at, { uploadId, parts, size: large.size, conditions: conditionsOf(copier) })
    return { kind: 'transferred', bytes: size }
  } catch (error) {
    if (isGone(error)) return (await wasCompleted(copier, large)) ? { kind: 'transferred', bytes: large.size } : 'changed'
    return (await afterRefusal(copier, large, error)) ?? ended(large.key, error)
  }
}

/** An error of the completion that passes makes the job repeat the step: the parts stay. */
function ended(key: string, error: unknown): Verdict {
  const verdict = verdictOfError(key, error)
  if (verdict.kind === 'retry') throw error
  return verdict
}

const isGone = (error: unknown): boolean => error instanceof StoreError && error.code === 'NoSuchUpload'

/** Whether this upload was completed and only the record of it was lost: its object is there then. */
async function wasCompleted(copier: Copier, large: LargeCopy): Promise<boolean> {
  const existing = await existingAt(copier, large.key)
  const isYoung = existing !== undefined && existing.uploadedMs >= copier.job.createdMs
  return isYoung && existing.size === large.size && existing.partsCount === partsOf(large)
}

/** Why a part could not be copied this time. */
type Problem = Extract<Verdict, { kind: 'retry' }>

/** The parts of one step. Several workers take them. */
class Parts {
  next: number
  readonly missing: number[]
  bytes = 0
  /** The first reason to try again later. */
  problem: Problem | undefined
  /** Why the whole copy ends here. */
  ending: Verdict | 'changed' | undefined
  readonly #step: ItemsStep
  readonly #large: LargeCopy
  readonly #endMs: number

  constructor(step: ItemsStep, large: LargeCopy) {
    this.#step = step
    this.#large = large
    this.#endMs = step.copier.now() + STEP_MS
    this.next = large.next
    this.missing = [...large.missing]
  }

  async work(): Promise<void> {
    for (let number = this.#take(); number !== undefined; number = this.#take()) {
      const copied = await this.#copy(number)
      if (typeof copied === 'number') this.bytes += copied
      else this.#note(number, copied)
    }
  }

  #take(): number | undefined {
    const { copier, calls, stopped } = this.#step
    const isSpent = stopped() || copier.now() >= this.#endMs || calls() >= STEP_CALLS
    if (isSpent || this.problem || this.ending) return undefined
    return this.missing.shift() ?? (this.next <= partsOf(this.#large) ? this.next++ : undefined)
  }

  #note(number: number, verdict: Verdict | 'changed'): void {
    this.missing.push(number)
    if (verdict !== 'changed' && verdict.kind === 'retry') this.problem ??= verdict
    else this.ending ??= verdict
  }

  async #copy(partNumber: number): Promise<number | Verdict | 'changed'> {
    const { key, size, etag, partBytes, uploadId } = this.#large
    const { copier } = this.#step
    const offset = (partNumber - 1) * partBytes
    const length = Math.min(partBytes, size - offset)
    copier.countCalls(PART_CALLS + Math.ceil(length / SEGMENT_BYTES))
    try {
      const got = await copier.source.get(key, { range: { offset, length }, ifMatch: etag })
      if (!got.ok) return isChange(got.failure) ? 'changed' : verdictOfFailure(key, got.failure)
      if (got.value.offset !== offset || got.value.length !== length) {
        await discard(got.value)
        return isOther(got.value.head.size, size) ? 'changed' : failedVerdict(key, 'The source does not serve ranges of this object.')
      }
      const at = targetOf(copier, key)
      await copier.store.uploadPart({ at, uploadId, partNumber }, { source: bodyOf(got.value), size: length, claims: {} })
      return length
    } catch (error) {
      return isGone(error) ? 'changed' : verdictOfError(key, error)
    }
  }
}

const isOther = (size: number | undefined, known: number): boolean => size !== undefined && size !== known
const isChange = ({ kind }: SourceFailure): boolean => kind === 'unsatisfiable' || kind === 'changed'
