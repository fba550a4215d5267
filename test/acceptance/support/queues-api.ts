import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const ACCOUNT_ID = 'a'.repeat(32)
export const TOKEN = 'a-token-of-the-account'

interface QueueRow {
  readonly queue_id: string
  readonly queue_name: string
  readonly created_on: string
  settings: Record<string, unknown>
}

interface Answer {
  readonly status: number
  readonly errors: readonly unknown[]
  readonly result: unknown
}

/** The Queues API of a Cloudflare account, as far as queues are made, found, changed, deleted and sent to. */
export class QueuesApi {
  readonly queues: QueueRow[] = []
  /** What each queue has received, batch by batch. */
  readonly received: Record<string, unknown>[][] = []
  /** How many batches it refuses from now on. */
  refusals = 0
  readonly #server: Server

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      write(response, this.#answer(request, Buffer.concat(chunks).toString()))
    })
  }

  static async start(): Promise<QueuesApi> {
    const api = new QueuesApi()
    api.#server.listen(0, '127.0.0.1')
    await once(api.#server, 'listening')
    return api
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/client/v4`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #answer({ method, url, headers }: IncomingMessage, text: string): Answer {
    const { pathname, searchParams } = new URL(url!, this.baseUrl)
    const [, , , , account, place, id, ...rest] = pathname.split('/')
    const queue = this.queues.find(({ queue_id }) => queue_id === id)
    if (headers.authorization !== `Bearer ${TOKEN}` || account !== ACCOUNT_ID || place !== 'queues') return refusal(403, 10000)
    if (id !== undefined && queue === undefined) return refusal(404, 11000)
    const body = text === '' ? undefined : JSON.parse(text)
    switch (`${method} ${queue ? '{q}' : ''} ${rest.join('/')}`.trim()) {
      case 'GET': {
        const name = searchParams.get('name')
        return success(this.queues.filter(({ queue_name }) => name === null || queue_name === name).map(shown))
      }
      case 'POST':
        this.queues.push({ ...body, queue_id: String(this.queues.length + 1).repeat(32), created_on: '2026-01-02T03:04:05Z', settings: {} })
        return success(shown(this.queues.at(-1)!))
      case 'GET {q}':
        return success(shown(queue!))
      case 'PATCH {q}':
        Object.assign(queue!.settings, body.settings)
        return success(shown(queue!))
      case 'DELETE {q}':
        this.queues.splice(this.queues.indexOf(queue!), 1)
        return success({})
      case 'POST {q} messages/batch':
        if (this.refusals-- > 0) return refusal(429, 10401)
        this.received.push(body.messages.map((message: { body: Record<string, unknown> }) => message.body))
        return success({})
      default:
        return refusal(404, 7003)
    }
  }
}

const shown = (queue: QueueRow) => ({
  ...queue,
  modified_on: queue.created_on,
  producers: [],
  producers_total_count: 0,
  consumers: [],
  consumers_total_count: 0,
})

const success = (result: unknown): Answer => ({ status: 200, errors: [], result })
const refusal = (status: number, code: number): Answer => ({ status, errors: [{ code, message: `Refused with ${code}` }], result: null })

function write(response: ServerResponse, { status, errors, result }: Answer): void {
  const envelope = { success: status === 200, errors, messages: [], result }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(envelope))
}
