import Cloudflare from 'cloudflare'
import { inject } from 'vitest'
import { z } from 'zod'
import type { Connection } from './server.ts'

/** The official SDK, aimed at the shared server unless another one is given. */
export function cloudflare({ token, server = inject('server') }: { token?: string; server?: Connection } = {}): Cloudflare {
  return new Cloudflare({ baseURL: server.apiBaseUrl, apiToken: token ?? server.apiToken, maxRetries: 0 })
}

export type RestRequest = {
  body?: unknown
  headers?: Record<string, string>
  token?: string | null
  server?: Connection
}

/** What every JSON answer of the API looks like. */
export type Envelope<T = unknown> = {
  status: number
  headers: Headers
  success: boolean
  errors: { code: number; message: string }[]
  messages: unknown[]
  result: T
  // biome-ignore lint/suspicious/noExplicitAny: each listing has its own.
  result_info?: any
}

/** One request as it is written; a body that is no text or bytes goes out as JSON. `{account}` in the path is the account's id. */
export function restFetch(method: string, path: string, { body, headers = {}, token, server = inject('server') }: RestRequest = {}) {
  const bearer = token === undefined ? server.apiToken : token
  const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
  return fetch(server.apiBaseUrl + path.replace('{account}', server.accountId), {
    method,
    headers: { ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }), ...headers },
    body: raw ? (body as BodyInit | undefined) : JSON.stringify(body),
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as RequestInit)
}

/** Like {@link restFetch}, with the envelope read; the answer must be as the OpenAPI document describes it. */
export async function rest<T = unknown>(method: string, path: string, request: RestRequest = {}): Promise<Envelope<T>> {
  const response = await restFetch(method, path, request)
  const envelope = (await response.json()) as Envelope<T>
  await expectDescribed({ method, path: path.split('?')[0]!, status: response.status, answer: envelope, server: request.server })
  return { ...envelope, status: response.status, headers: response.headers }
}

type Described = { method: string; path: string; status: number; answer: unknown; server?: Connection }
// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document.
type Document = any

const documents = new Map<string, Document>()

/** Fails when a real answer is not what the OpenAPI document says of it. */
export async function expectDescribed({ method, path, status, answer, server = inject('server') }: Described): Promise<void> {
  const document = documents.get(server.endpoint) ?? (await (await fetch(`${server.apiBaseUrl}/openapi.json`)).json())
  documents.set(server.endpoint, document)
  const operation = operationOf(document, method, path.replace('{account}', server.accountId))
  if (!operation && status !== 404 && status !== 405) throw new Error(`${method} ${path} is not described`)
  const described = operation?.responses[status < 300 ? status : 'default'].content['application/json'].schema
  const schema = status < 300 ? described : document.components.schemas.Failure
  const parsed = z.fromJSONSchema(schema).safeParse(answer)
  if (!parsed.success) throw new Error(`${method} ${path} answered what is not described:\n${z.prettifyError(parsed.error)}`)
}

/** Exact paths win over patterns, as OpenAPI has it. */
function operationOf(document: Document, method: string, path: string): Document | undefined {
  const fits = Object.keys(document.paths).filter((pattern) =>
    new RegExp(
      `^${pattern
        .replaceAll('.', '\\.')
        .replace(/\{object_key\}/g, '.*')
        .replace(/\{\w+\}/g, '[^/]+')}$`,
    ).test(path),
  )
  const [best] = fits.sort((a, b) => a.split('{').length - b.split('{').length)
  return best && document.paths[best][method.toLowerCase()]
}

/** Everything that an iteration of the SDK comes to. */
export async function allOf<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of pages) found.push(item)
  return found
}
