import { StoreError } from '../core/errors.ts'
import type { QueueInfo, Queues } from './queues.ts'

/** The address of the Queues API of a Cloudflare account, and the token for it. */
export interface QueuesApi {
  /** Ends in `/client/v4`. */
  readonly baseUrl: string
  readonly accountId: string
  readonly token: string
}

interface Envelope {
  readonly success?: boolean
  readonly errors?: readonly { readonly code: number; readonly message: string }[]
  readonly result?: unknown
  readonly result_info?: { readonly total_pages?: number }
}

type ApiQueue = { readonly queue_id: string; readonly queue_name: string }

const ID = /^[0-9a-f]{32}$/
const LIMIT_MS = 30_000
const PAGES_MAX = 100

/** The queues of a Cloudflare account. https://developers.cloudflare.com/api/resources/queues/ */
export class AccountQueues implements Queues {
  readonly #api: QueuesApi

  constructor(api: QueuesApi) {
    this.#api = api
  }

  async list(names?: readonly string[]): Promise<QueueInfo[]> {
    const found: QueueInfo[] = []
    for (let page = 1; page <= PAGES_MAX; page++) {
      const query = new URLSearchParams([['page', String(page)], ...(names ?? []).map((name) => ['name', name])])
      const { result, result_info } = await this.#ask('GET', `?${query}`)
      const queues = (result as ApiQueue[]).map(infoOf)
      found.push(...queues.filter(({ name }) => names?.includes(name) ?? true))
      if (queues.length === 0 || page >= (result_info?.total_pages ?? 1)) break
    }
    return found
  }

  async find(id: string): Promise<QueueInfo | null> {
    if (!ID.test(id)) return null
    const response = await this.#fetch('GET', `/${id}`)
    if (response.status === 404) return null
    return infoOf((await readEnvelope(response)).result as ApiQueue)
  }

  async send(id: string, messages: readonly string[]): Promise<void> {
    if (!ID.test(id)) throw new StoreError('QueueNotFound')
    const items = messages.map((message) => `{"body":${message},"content_type":"json"}`)
    await this.#ask('POST', `/${id}/messages/batch`, `{"messages":[${items.join(',')}]}`)
  }

  /** Forwards a request and returns the answer unchanged. `path` follows `/queues` and contains only known names and ids. */
  async forward(method: string, path: string, body: unknown): Promise<Response> {
    const { status, headers, body: answer } = await this.#fetch(method, path, body === undefined ? undefined : JSON.stringify(body))
    return new Response(answer, { status, headers: { 'content-type': headers.get('content-type') ?? 'application/json' } })
  }

  async #ask(method: string, path: string, body?: string): Promise<Envelope> {
    return readEnvelope(await this.#fetch(method, path, body))
  }

  #fetch(method: string, path: string, body?: string): Promise<Response> {
    const { baseUrl, accountId, token } = this.#api
    return fetch(`${baseUrl}/accounts/${accountId}/queues${path}`, {
      method,
      body,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      redirect: 'manual', // Another host must not receive the token.
      signal: AbortSignal.timeout(LIMIT_MS),
    })
  }
}

const infoOf = (queue: ApiQueue): QueueInfo => ({ id: queue.queue_id, name: queue.queue_name, details: queue })

/** @throws StoreError ServiceUnavailable with the errors that the API reports */
async function readEnvelope(response: Response): Promise<Envelope> {
  const envelope = (await response.json().catch(() => ({}))) as Envelope
  if (response.ok && envelope.success) return envelope
  const why = envelope.errors?.map(({ code, message }) => `${message} (${code})`).join(', ') || 'no reason'
  throw new StoreError('ServiceUnavailable', { message: `The Queues API of the account answered ${response.status}: ${why}` })
}
