import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Job, Result } from './load.ts'
import { LOAD_PROCESS } from './place.ts'

/** Starts the load generator's process and sends it jobs. */
export class Loader {
  readonly #child: ChildProcess = fork(LOAD_PROCESS, { serialization: 'advanced', stdio: 'inherit' })
  readonly #ended: Promise<never>

  constructor() {
    this.#ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`The load generator ended with code ${code}`)
    })
    this.#ended.catch(() => {})
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** @throws Error if any answer was not the expected one: a wrong row is worse than a missing one. */
  async run(job: Job): Promise<Result> {
    this.#child.send(job)
    const [result] = (await Promise.race([once(this.#child, 'message'), this.#ended])) as [Result]
    if (result.failures > 0) throw new Error(`${result.failures} unexpected answers, the first: ${result.failure}`)
    return result
  }

  stop(): void {
    this.#child.disconnect()
  }
}
