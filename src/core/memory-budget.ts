import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** What a request that was cut off held is forgotten after so long: the platform may end one without running what it has left to do. */
const FORGET_MS = 10 * 60_000
/** How long a transfer waits for room, and how often it looks. */
const WAIT_MS = 5000
const LOOK_MS = 20

/** The time, and how to let it pass; tests have their own. */
export interface Clock {
  now(): number
  sleep(ms: number): Promise<unknown>
}

const CLOCK: Clock = { now: () => Date.now(), sleep: (ms) => scheduler.wait(ms) }

/**
 * Counts the bytes that requests make an isolate hold, so that one more is refused while there is still memory to say so with. What is
 * counted are buffers whose size a client chooses, about as large as they are; all else has the rest of the isolate.
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
   * Claims bytes at once.
   * @throws StoreError SlowDown
   */
  hold(bytes = 0): Hold {
    const hold = new Hold(this)
    hold.grow(bytes)
    return hold
  }

  /**
   * Claims bytes as soon as there is room for them: for transfers, many of which come at once and are over soon. Each looks for itself: a
   * request must not be woken by another one.
   * @throws StoreError SlowDown when there was none for some seconds
   */
  async holdSoon(bytes: number): Promise<Hold> {
    for (const endMs = this.#clock.now() + WAIT_MS; !this.#hasRoom(bytes) && this.#clock.now() < endMs; ) await this.#clock.sleep(LOOK_MS)
    return this.hold(bytes)
  }

  now(): number {
    return this.#clock.now()
  }

  /** For a {@link Hold} alone. */
  claim(hold: Hold, bytes: number): void {
    if (!this.#hasRoom(bytes)) throw new StoreError('SlowDown')
    this.#heldBytes += bytes
    this.#holds.add(hold)
  }

  /** For a {@link Hold} alone. */
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

/** What one piece of work holds. It is released in a `finally`, more than once if need be. */
export class Hold {
  touchedMs = 0
  #bytes = 0
  readonly #budget: MemoryBudget
  #released = false

  constructor(budget: MemoryBudget) {
    this.#budget = budget
  }

  /**
   * Claims more.
   * @throws StoreError SlowDown
   */
  grow(bytes: number): void {
    if (this.#released) return
    this.#budget.claim(this, bytes)
    this.#bytes += bytes
    this.touch()
  }

  /** Says that the work goes on. */
  touch(): void {
    this.touchedMs = this.#budget.now()
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#budget.forget(this, this.#bytes)
  }
}

/** Of this isolate, which has 128 MiB on Cloudflare, about a quarter of them for the code and what it keeps. */
export const isolateMemory = new MemoryBudget(LIMITS.isolateBytes)
