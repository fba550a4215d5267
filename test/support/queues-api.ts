import { vi } from 'vitest'

const BASE = 'https://api.cloudflare.example/client/v4'
export const API = { baseUrl: BASE, accountId: 'a'.repeat(32), token: 'the token of the account' }

interface Asked {
  readonly method: string
  readonly path: string
  readonly body: unknown
}

/** The Queues API of a Cloudflare account, in place of the network. It has one queue for each name, and one queue on each page. */
export class FakeQueuesApi {
  readonly asked: Asked[] = []
  readonly received = new Map<string, unknown[]>()
  refuses = false
  readonly #names: readonly string[]

  constructor(names: readonly string[]) {
    this.#names = names
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => this.#answer(new URL(url), init))
  }

  idOf(name: string): string {
    return String(this.#names.indexOf(name) + 1).repeat(32)
  }

  async #answer(url: URL, { method, headers, body }: RequestInit): Promise<Response> {
    const base = `${BASE}/accounts/${API.accountId}/queues`
    if (!url.href.startsWith(base)) throw new Error(`Nothing answers at ${url}`)
    if (new Headers(headers).get('authorization') !== `Bearer ${API.token}`) return failure(403, 10000, 'Authentication error')
    if (this.refuses) return failure(429, 10401, 'Too many requests')
    const path = url.href.slice(base.length)
    this.asked.push({ method: method!, path, body: body === undefined ? undefined : JSON.parse(String(body)) })
    const [, id, ...rest] = url.pathname.slice(new URL(base).pathname.length).split('/')
    if (id === undefined) return method === 'GET' ? this.#list(url.searchParams) : success({ created: JSON.parse(String(body)) })
    const name = this.#names.find((one) => this.idOf(one) === id)
    if (name === undefined) return failure(404, 11000, 'Queue not found')
    if (rest.join('/') !== 'messages/batch') return success(this.#queue(name))
    const { messages } = JSON.parse(String(body)) as { messages: { body: unknown; content_type: string }[] }
    const values = messages.map((message) => (message.content_type === 'json' ? message.body : undefined))
    this.received.set(name, [...(this.received.get(name) ?? []), ...values])
    return success({})
  }

  #queue(name: string) {
    return { queue_id: this.idOf(name), queue_name: name, created_on: '2026-01-02T03:04:05.678Z', consumers: [], consumers_total_count: 0 }
  }

  #list(query: URLSearchParams): Response {
    // Like a server that matches the beginning of a name: the caller must compare the whole name.
    const wanted = query.getAll('name')
    const names = this.#names.filter((name) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)))
    const page = Number(query.get('page'))
    return success(
      names.slice(page - 1, page).map((name) => this.#queue(name)),
      { total_pages: names.length },
    )
  }
}

const success = (result: unknown, result_info?: unknown) => Response.json({ success: true, errors: [], messages: [], result, result_info })
const failure = (status: number, code: number, message: string) =>
  Response.json({ success: false, errors: [{ code, message }], messages: [], result: null }, { status })
