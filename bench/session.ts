import type { Column, Running } from './columns/column.ts'
import type { Job, Result } from './load.ts'
import type { Loader } from './loader.ts'
import { type Call, Signer } from './sign.ts'
import { Connection, type Incoming } from './wire.ts'

/** A running server, and the calls with which the rows drive it. */
export class Session {
  readonly column: Column
  readonly running: Running
  readonly quick: boolean
  readonly #loader: Loader
  readonly #signer: Signer

  constructor(parts: { column: Column; running: Running; loader: Loader; quick: boolean }) {
    this.column = parts.column
    this.running = parts.running
    this.quick = parts.quick
    this.#loader = parts.loader
    this.#signer = new Signer(parts.running.target)
  }

  /** One request outside the timed part. */
  async call(call: Call): Promise<Incoming> {
    const { host, port } = this.running.target
    const connection = new Connection(host, port)
    try {
      const answer = await connection.send(this.#signer.sign(call), true)
      if (answer.status >= 300)
        throw new Error(`${call.method} ${call.bucket}/${call.key ?? ''}: ${answer.status} ${answer.body.toString('utf8', 0, 300)}`)
      return answer
    } finally {
      connection.close()
    }
  }

  /** Sends many requests from the load generator. They are signed before the clock starts. */
  load(
    calls: readonly Call[],
    options: Pick<Job, 'concurrency' | 'limitMs' | 'expect'> & Pick<Partial<Job>, 'count' | 'collect'>,
  ): Promise<Result> {
    const { host, port } = this.running.target
    return this.#loader.run({ ...options, host, port, requests: calls.map((call) => this.#signer.sign(call)) })
  }

  async createBucket(bucket: string): Promise<void> {
    if (this.column.fixedBuckets) return
    await this.call({ method: 'PUT', bucket }).catch((error) => {
      if (!/BucketAlready/.test(String(error))) throw error
    })
  }
}
