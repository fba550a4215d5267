import { byteSource } from '../core/byte-sources.ts'
import { MIGRATION_HEADER } from '../core/sippy.ts'
import { TooLate, within } from '../core/timeout.ts'
import { failed, type Sourced, sourced } from './source.ts'

/** How long a source may take to begin its answer, and to send the next bytes of it. */
export const ANSWER_MS = 30_000
/** How long a source may take for a whole listing, or a whole error. */
export const WHOLE_MS = 60_000
/** How many requests of one source wait for their answers at once: the platform's limit for an invocation. */
export const CONNECTIONS = 6
/** How much of an answer that is an error, or a listing, is read. */
export const ERROR_BYTES = 16 * 1024
export const PAGE_BYTES = 8 * 1024 * 1024
const READ_BYTES = 64 * 1024

/** Sends a request; tests replace it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface TransportOptions {
  readonly fetch?: Fetch
  readonly answerMs?: number
  /** Texts that no message may contain. */
  readonly secrets: readonly string[]
}

export interface OutboundRequest {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly headers: Headers
  readonly body?: string
}

/**
 * Sends the requests of one source, a few at once. It never follows a redirect, since that would show the signature, or the token, to
 * another host.
 */
export class Transport {
  readonly #fetch: Fetch
  readonly #answerMs: number
  readonly #secrets: readonly string[]
  readonly #waiting: (() => void)[] = []
  #free = CONNECTIONS

  constructor({ fetch: send, answerMs = ANSWER_MS, secrets }: TransportOptions) {
    // The platform's `fetch` must be called without an owner.
    this.#fetch = send ?? ((url, init) => fetch(url, init))
    this.#answerMs = answerMs
    this.#secrets = secrets.filter((secret) => secret !== '')
  }

  /** Sends a request and returns the answer, whatever its status. A failure is `unreachable`. */
  async send({ method, url, headers, body }: OutboundRequest): Promise<Sourced<Response>> {
    // Added behind the signature: proxies rewrite this header, and then the signature would not fit.
    headers.set('Accept-Encoding', 'identity')
    headers.set(MIGRATION_HEADER, '1')
    const abort = new AbortController()
    await this.#take()
    try {
      const answer = await within(this.#answerMs, this.#fetch(url, { method, headers, body, redirect: 'manual', signal: abort.signal }))
      return sourced(answer)
    } catch (error) {
      abort.abort()
      return failed('unreachable', this.clean(error instanceof TooLate ? error.message : `No connection: ${(error as Error).message}`))
    } finally {
      this.#give()
    }
  }

  /** A text of the source as a message may contain it: without secrets and control characters. */
  clean(text: string): string {
    // The secrets go first: one of several lines would not be found any more.
    const harmless = this.#secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text)
    return harmless.replace(/\p{Cc}/gu, ' ')
  }

  async #take(): Promise<void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resume) => this.#waiting.push(resume))
  }

  #give(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}

/**
 * Reads a whole short answer. A source that sends one byte after the other costs no more pieces than any other one, and no more time.
 * @returns undefined if it breaks off, takes too long or is longer than `limit`
 */
export async function readWhole(answer: Response, limit: number, totalMs = WHOLE_MS): Promise<Uint8Array | undefined> {
  const source = byteSource(answer.body)
  const pieces: Uint8Array[] = []
  let length = 0
  const endMs = Date.now() + totalMs
  try {
    while (length <= limit) {
      const piece = await within(Math.min(ANSWER_MS, Math.max(endMs - Date.now(), 0)), source.read(READ_BYTES))
      pieces.push(piece)
      length += piece.length
      if (piece.length < READ_BYTES) break
    }
    if (length <= limit) return Buffer.concat(pieces, length)
  } catch {
    // The caller says what this means.
  }
  await source.cancel().catch(() => {})
  return undefined
}

/** Gives up an answer whose body nobody reads. */
export async function discard(answer: Response): Promise<void> {
  await answer.body?.cancel().catch(() => {})
}

/** The `Retry-After` of an answer in milliseconds: seconds, or a date. */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? ''
  if (/^\d{1,7}$/.test(text)) return Number(text) * 1000
  const dateMs = text === '' ? Number.NaN : Date.parse(text)
  return Number.isNaN(dateMs) ? undefined : Math.max(dateMs - nowMs, 0)
}
