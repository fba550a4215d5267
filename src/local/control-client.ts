import { Agent, request } from 'node:http'
import type { Prebuilt } from '../cli/prebuilt.ts'

/** Calls the privileged entrypoint of a Worker that this process started. It keeps one connection, since a reset is a matter of milliseconds. */
export class ControlClient {
  readonly #url: string
  readonly #token: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  migrate(migrations: Prebuilt['migrations']): Promise<void> {
    return this.#post('/migrate', JSON.stringify(migrations))
  }

  keep(): Promise<void> {
    return this.#post('/keep')
  }

  reset(): Promise<void> {
    return this.#post('/reset')
  }

  #post(path: string, body = ''): Promise<void> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-length': Buffer.byteLength(body) }
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(path, this.#url), { method: 'POST', headers, agent: this.#agent }, async (incoming) => {
        const text = Buffer.concat(await incoming.toArray()).toString()
        if (incoming.statusCode === 204) resolve()
        else reject(new Error(`${path.slice(1)} failed: ${text.trim() || incoming.statusCode}`))
      })
      outgoing.on('error', reject).end(body)
    })
  }
}
