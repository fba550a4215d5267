/** Names with the time at which each was last added: a bounded set whose oldest half is dropped when it is full. */
export class RecentNames {
  readonly #most: number
  readonly #times = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  has(name: string): boolean {
    return this.#times.has(name)
  }

  add(name: string, nowMs: number): void {
    if (!this.#times.has(name) && this.#times.size >= this.#most) this.#drop()
    this.#times.set(name, nowMs)
  }

  since(sinceMs: number): string[] {
    return [...this.#times].flatMap(([name, ms]) => (ms >= sinceMs ? [name] : []))
  }

  #drop(): void {
    const oldest = [...this.#times.keys()].slice(0, Math.ceil(this.#most / 2))
    for (const name of oldest) this.#times.delete(name)
  }
}
