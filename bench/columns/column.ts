import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { treeOf } from '../processes.ts'
import type { Target } from '../sign.ts'

/** One server under test. It keeps its data between `stop` and `start`. */
export interface Column {
  readonly name: string
  /** Starts the server and waits until it answers. */
  start(): Promise<Running>
  /**
   * Adds `keys` to the storage of a stopped server, as copies of the object `template` that was uploaded to `bucket`: 100,000 uploads would
   * take longer than the rest of the run. Without this method the keys are uploaded.
   */
  fill?(bucket: string, template: string, keys: Iterable<string>): void
  /** The server's buckets already exist, and it cannot create any. */
  readonly fixedBuckets?: boolean
  /** Whether the rows about Cairn's own promises are measured on this server. */
  readonly ours?: boolean
}

export interface Running {
  readonly target: Target
  /** The root of its process tree; absent for a server that the bench did not start. */
  readonly pid?: number
  /** Of a Cairn: the account, and a token for its REST API. */
  readonly api?: { readonly accountId: string; readonly token: string }
  stop(): Promise<void>
}

const START_LIMIT_MS = 90_000
const STOP_LIMIT_MS = 10_000

/** Every server of this run, so that all of them are stopped at its end. */
const alive = new Set<Spawned>()
export const stopAll = (): Promise<unknown> => Promise.all([...alive].map((server) => server.stop()))

/** A server in a child process, ready once its output says so. */
export class Spawned {
  readonly #child: ChildProcess
  #output = ''

  constructor(args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) {
    this.#child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-20_000)
      })
    }
    alive.add(this)
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Resolves with the first value that `ready` finds in the output or in a message. */
  async ready<T>(ready: (output: string, message?: unknown) => T | undefined): Promise<T> {
    let message: unknown
    this.#child.on('message', (sent) => {
      message = sent
    })
    for (const endMs = Date.now() + START_LIMIT_MS; Date.now() < endMs; ) {
      const found = ready(this.#output, message)
      if (found !== undefined) return found
      if (this.#child.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await this.stop()
    throw new Error(`The server did not start:\n${this.#output}`)
  }

  /** Asks the server to end, and then kills every process of it that is left. */
  async stop(): Promise<void> {
    alive.delete(this)
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const tree = treeOf(this.pid)
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, STOP_LIMIT_MS).unref())])
    const left = new Set(tree.flatMap(treeOf))
    for (const pid of tree) {
      if (pid === process.pid || !left.has(pid)) continue
      try {
        process.kill(pid, 'SIGKILL')
      } catch {} // It ended by itself.
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

export function targetAt(endpoint: string, credentials: Pick<Target, 'accessKeyId' | 'secretAccessKey'>, region = 'auto'): Target {
  const { hostname, port, pathname, protocol } = new URL(endpoint)
  if (protocol !== 'http:') throw new Error(`Only http: endpoints can be measured, not ${endpoint}`)
  return { host: hostname, port: Number(port || 80), base: pathname.replace(/\/$/, ''), region, ...credentials }
}
