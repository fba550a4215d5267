import wasm from './xxhash.wasm'

interface XxhashExports {
  readonly memory: WebAssembly.Memory
  start64(): void
  update64(length: number): void
  finish64(): bigint
  start3(): void
  update3(length: number): void
  finish3(): bigint
  finish128(): [low: bigint, high: bigint]
}

export type XxhashName = 'xxhash64' | 'xxhash3' | 'xxhash128'

// One instance serves the whole isolate: each call copies the state of its hash in and out before another call can start.
const exports = new WebAssembly.Instance(wasm).exports as unknown as XxhashExports

const STATE_OFFSET = 0xfeb8
const SLAB_OFFSET = 0x10000
const state = new Uint8Array(exports.memory.buffer, STATE_OFFSET, SLAB_OFFSET - STATE_OFFSET)
// 64 KiB stays in the processor's cache between the copy and the computation.
const slab = new Uint8Array(exports.memory.buffer, SLAB_OFFSET)

interface Algorithm {
  start(): void
  update(length: number): void
  /** The words of the value, the lowest first. */
  finish(): bigint[]
}

const ALGORITHMS: Readonly<Record<XxhashName, Algorithm>> = {
  xxhash64: { start: exports.start64, update: exports.update64, finish: () => [exports.finish64()] },
  xxhash3: { start: exports.start3, update: exports.update3, finish: () => [exports.finish3()] },
  xxhash128: { start: exports.start3, update: exports.update3, finish: () => exports.finish128() },
}

/** One hash of the xxHash family without a seed, computed while its bytes pass through. */
export class Xxhash {
  readonly #algorithm: Algorithm
  /** The state of this hash outside the module: some 300 bytes. */
  readonly #state: Uint8Array

  constructor(name: XxhashName) {
    this.#algorithm = ALGORITHMS[name]
    this.#algorithm.start()
    this.#state = state.slice()
  }

  update(bytes: Uint8Array): void {
    state.set(this.#state)
    for (let offset = 0; offset < bytes.length; offset += slab.length) {
      const piece = bytes.subarray(offset, offset + slab.length)
      slab.set(piece)
      this.#algorithm.update(piece.length)
    }
    this.#state.set(state)
  }

  /** Returns the value in its canonical form: big-endian, as the xxHash specification has it. */
  digest(): Uint8Array {
    state.set(this.#state)
    const words = this.#algorithm.finish().reverse()
    return Uint8Array.fromHex(words.map((word) => BigInt.asUintN(64, word).toString(16).padStart(16, '0')).join(''))
  }
}
