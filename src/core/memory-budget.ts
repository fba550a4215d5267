import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** A hold that nobody touched for this long is released: the platform may end a request without running its `finally` blocks. */
const FORGET_MS = 10 * 60_000
/** How long a transfer waits for free memory, and how often it checks. */
const WAIT_MS = 5000
const LOOK_MS = 20

/** Reads the time and waits. Tests pass a clock of their own. */
export interface Clock {
  now(): number
  sleep(ms: number): Promise<unknown>
}

const CLOCK: Clock = { now: () => Date.now(), sleep: (ms) => scheduler.wait(ms) }

/**
 * Counts the bytes that requests make an isolate hold, so that a request too many is refused while there is still memory for the answer.
 * Only buffers whose size a client chooses are counted, with their approximate size; everything else uses the rest of the isolate's memory.
 */
export class MemoryBudget {
  readonly bytes: number
  readonly #clock: Clock
  readonly #holds = new Set<Hold>()
  #heldBytes = 0

  constructor(bytes: number, clock: Clock = CLOCK) {
    this.bytes = bytes
    this.#clock = clock
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /**
   * Claims bytes now, without waiting.
   * @throws StoreError SlowDown
   */
  hold(bytes = 0): Hold {
    const hold = new Hold(this)
    hold.grow(bytes)
    return hold
  }

  /**
   * Waits until there is room for the bytes, then claims them. This is for transfers, which often start together and end soon. Each request
   * polls on its own, since one request must not be woken by another one.
   * @throws StoreError SlowDown when there is still no room after some seconds
   */
  async holdSoon(bytes: number): Promise<Hold> {
    for (const endMs = this.#clock.now() + WAIT_MS; !this.#hasRoom(bytes) && this.#clock.now() < endMs; ) await this.#clock.sleep(LOOK_MS)
    return this.hold(bytes)
  }

  now(): number {
    return this.#clock.now()
  }

  /** Called by {@link Hold} only. */
  claim(hold: Hold, bytes: number): void {
    if (!this.#hasRoom(bytes)) throw new StoreError('SlowDown')
    this.#heldBytes += bytes
    this.#holds.add(hold)
  }

  /** Called by {@link Hold} only. */
  forget(hold: Hold, bytes: number): void {
    this.#heldBytes -= bytes
    this.#holds.delete(hold)
  }

  #hasRoom(bytes: number): boolean {
    if (this.heldBytes + bytes <= this.bytes) return true
    const untouchedMs = this.#clock.now() - FORGET_MS
    for (const hold of this.#holds) if (hold.touchedMs < untouchedMs) hold.release()
    return this.heldBytes + bytes <= this.bytes
  }
}

/** The bytes that one piece of work holds. The work releases it in a `finally`; releasing it again does nothing. */
export class Hold {
  touchedMs = 0
  #bytes = 0
  readonly #budget: MemoryBudget
  #released = false

  constructor(budget: MemoryBudget) {
    this.#budget = budget
  }

  /**
   * Claims more bytes.
   * @throws StoreError SlowDown
   */
  grow(bytes: number): void {
    if (this.#released) return
    this.#budget.claim(this, bytes)
    this.#bytes += bytes
    this.touch()
  }

  /** Records that the work is still running. */
  touch(): void {
    this.touchedMs = this.#budget.now()
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#budget.forget(this, this.#bytes)
  }
}

/** The budget of this isolate. An isolate has 128 MiB on Cloudflare; the code and its caches take about a quarter of them. */
export const isolateMemory = new MemoryBudget(LIMITS.isolateBytes)
