/** Pseudo-random numbers that depend only on a seed, and are the same in the Worker and in Node: a failure can be repeated. */
export class Random {
  #state: number

  /** @param stream for several sequences from one seed that do not depend on the order in which they are used */
  constructor(seed: number, stream = 0) {
    this.#state = Math.imul(seed ^ Math.imul(stream + 1, 0x9e37_79b1), 0x85eb_ca6b)
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor((this.#next() / 2 ** 32) * end)
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }

  bytes(size: number): Uint8Array<ArrayBuffer> {
    const words = new Uint32Array(Math.ceil(size / 4))
    for (let n = 0; n < words.length; n++) words[n] = this.#next()
    return new Uint8Array(words.buffer, 0, size).slice()
  }

  /** The next 32 bits: a counter whose bits are mixed. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0
    let z = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return (z ^ (z >>> 14)) >>> 0
  }
}
