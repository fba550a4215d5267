import { bucketLabel } from '../core/bucket-label.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { BucketRef } from '../core/object.ts'
import { actionOf, isWrite, type Measure } from '../core/operations.ts'
import { RecentNames } from './recent-names.ts'

/** An operation that has been answered. */
export interface Answered {
  /** The name of the operation in our routes. */
  readonly op: string
  readonly bucket?: BucketRef
  readonly status: number
  /** The error that it failed with. */
  readonly code?: ErrorCode
  readonly measure?: Measure
  readonly nowMs: number
}

/** The sums of one kind of operation in one minute. */
export interface OperationSum {
  readonly minute: number
  readonly bucket: string
  readonly action: string
  readonly status: number
  readonly isInfrequent: boolean
  readonly requests: number
  readonly responseBytes: number
  readonly objectBytes: number
}

interface Cell {
  requests: number
  responseBytes: number
  objectBytes: number
}

type Cells = Map<number, Cell>

/** How many kinds of operations one window counts apart. Beyond that, sums are kept without the bucket, so that totals stay right. */
const MAX_CELLS = 2000
const MINUTE_MS = 60_000
const STATUSES = 1000

/** Failures with these statuses prove that the bucket exists, with one exception. With others, any name could be asked for. */
const FROM_BUCKET: readonly number[] = [404, 409, 412, 416]
const NO_BUCKET = 'NoSuchBucket' satisfies ErrorCode

export interface CounterPorts {
  /** How long sums are collected before they are written. */
  readonly windowMs: number
  readonly write: (sums: readonly OperationSum[], nowMs: number) => Promise<void>
  /** Keeps the request alive for work behind its answer. */
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly sleep?: (ms: number) => Promise<unknown>
}

/**
 * Counts the operations of one isolate. A request adds to a sum in memory and waits for nothing. The first request of a window starts a
 * write behind its answer, once the window is over. A window whose write fails is lost rather than repeated: it may have been written, and
 * a figure that is a little low is better than one that counts twice.
 */
export class OperationCounter {
  readonly #ports: CounterPorts
  readonly #actions = new Map<string, number>()
  readonly #names: string[] = []
  /** Buckets that an operation of this isolate has reached. */
  readonly #reached = new RecentNames(10_000)
  readonly #changed = new RecentNames(1000)
  #buckets = new Map<string, Cells>()
  #minute = 0
  #size = 0
  #closed: OperationSum[] = []
  /** When the next request may start a write: a write that the platform cut off must not be waited for. */
  #nextMs = 0

  constructor(ports: CounterPorts) {
    this.#ports = ports
  }

  /** Counts an operation. */
  count({ op, bucket, status, code, measure, nowMs }: Answered): void {
    const minute = Math.floor(nowMs / MINUTE_MS)
    if (minute !== this.#minute) this.#close(minute)
    const action = this.#actionNumber(op)
    const label = bucket === undefined ? '' : this.#labelOf(bucket, status, code)
    if (status < 400 && label !== '' && isWrite(this.#names[action]!)) this.#changed.add(label, nowMs)
    const isInfrequent = measure?.storageClass === 'InfrequentAccess'
    const cell = this.#cellOf(label, (action * STATUSES + status) * 2 + (isInfrequent ? 1 : 0))
    cell.requests++
    if (measure) {
      cell.responseBytes += measure.responseBytes
      cell.objectBytes += measure.objectBytes
    }
    if (nowMs >= this.#nextMs) this.#schedule(nowMs)
  }

  /** Buckets that this isolate may have changed since `sinceMs`. */
  changedSince(sinceMs: number): string[] {
    return this.#changed.since(sinceMs)
  }

  /** Writes what is counted. Never throws. */
  async flush(): Promise<void> {
    this.#close(this.#minute)
    const sums = this.#closed
    this.#closed = []
    this.#size = 0
    this.#nextMs = 0
    if (sums.length === 0) return
    try {
      await this.#ports.write(sums, Date.now())
    } catch (error) {
      console.warn(`The counts of ${sums.length} kinds of operations could not be written and are lost:`, error)
    }
  }

  #schedule(nowMs: number): void {
    const { windowMs, waitUntil, sleep = (ms: number) => scheduler.wait(ms) } = this.#ports
    this.#nextMs = nowMs + 2 * windowMs
    waitUntil(sleep(windowMs).then(() => this.flush()))
  }

  #actionNumber(op: string): number {
    const known = this.#actions.get(op)
    if (known !== undefined) return known
    this.#names.push(actionOf(op))
    this.#actions.set(op, this.#names.length - 1)
    return this.#names.length - 1
  }

  /** The name under which an operation counts; empty when the bucket may not exist, so that nobody fills the tables with names. */
  #labelOf(bucket: BucketRef, status: number, code?: ErrorCode): string {
    if (code === NO_BUCKET) return ''
    const label = bucketLabel(bucket)
    if (this.#reached.has(label)) return label
    if (status >= 400 && !FROM_BUCKET.includes(status)) return ''
    this.#reached.add(label, 0)
    return label
  }

  #cellOf(label: string, code: number): Cell {
    let cells = this.#buckets.get(label)
    if (!cells) {
      cells = new Map()
      this.#buckets.set(label, cells)
    }
    const known = cells.get(code)
    if (known) return known
    if (this.#size >= MAX_CELLS && label !== '') return this.#cellOf('', code)
    this.#size++
    const cell = { requests: 0, responseBytes: 0, objectBytes: 0 }
    cells.set(code, cell)
    return cell
  }

  /** Sets the sums of a minute aside. */
  #close(next: number): void {
    for (const [bucket, cells] of this.#buckets) {
      for (const [code, sums] of cells) {
        const kind = Math.floor(code / 2)
        const action = this.#names[Math.floor(kind / STATUSES)]!
        this.#closed.push({ minute: this.#minute, bucket, action, status: kind % STATUSES, isInfrequent: code % 2 === 1, ...sums })
      }
    }
    this.#buckets = new Map()
    this.#minute = next
  }
}
