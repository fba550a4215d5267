import { AwsClient } from 'aws4fetch'
import { contentRangeOf, isDecoded, lengthOf } from '../body-headers.ts'
import {
  failed,
  type GetFromSource,
  type ListOfSource,
  type Source,
  type SourceBody,
  type Sourced,
  type SourceHead,
  type SourcePage,
  type SourceRange,
  sourced,
  UNADDRESSABLE,
} from '../source.ts'
import { discard, PAGE_BYTES, readWhole, Transport, type TransportOptions } from '../transport.ts'
import { failureOf, isOtherRegion, readError, type S3Error } from './answers.ts'
import { headOf } from './heads.ts'
import { listQuery, type Position, positionOf, readPage } from './listing.ts'
import { awsPlace, type Place, urlOfKey } from './place.ts'

export interface S3Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

type Answer = { readonly ok: true; readonly answer: Response } | { readonly ok: false; readonly error: S3Error }

/** A bucket of AWS S3, of R2, or of anything else that speaks S3. */
export class S3Source implements Source {
  readonly #transport: Transport
  readonly #client: AwsClient
  #place: Place

  constructor(place: Place, keys: S3Keys, options: Omit<TransportOptions, 'secrets'> = {}) {
    this.#place = place
    this.#transport = new Transport({ ...options, secrets: [keys.secretAccessKey, keys.accessKeyId] })
    // It keeps derived keys in a map, so there is one for each credential. Its own `fetch` is not used: it ignores `Retry-After`.
    this.#client = new AwsClient({ ...keys, service: 's3', retries: 0 })
  }

  /** An error of HEAD has no body: a second request, for the first byte, finds out what it means. */
  async head(key: string): Promise<Sourced<SourceHead>> {
    const asked = await this.#ask('HEAD', { key })
    if (!asked.ok) return asked
    if (asked.value.ok) return sourced(headOf(key, asked.value.answer.headers, lengthOf(asked.value.answer.headers)))
    if (asked.value.error.status >= 500 || asked.value.error.status === 429) return failureOf(asked.value.error, this.#transport)
    const probe = await this.get(key, { range: { offset: 0, length: 1 } })
    if (!probe.ok) return probe
    await probe.value.stream.cancel().catch(() => {})
    return sourced(probe.value.head)
  }

  /** The runtime decodes a gzip body. The source is then asked to hide the encoding, so that the stored bytes arrive as they are. */
  async get(key: string, options: GetFromSource = {}): Promise<Sourced<SourceBody>> {
    const first = await this.#get(key, options)
    if (!first.ok || !isDecoded(first.value.headers)) return first.ok ? bodyOf(key, first.value, options.range) : first
    await discard(first.value)
    const known = headOf(key, first.value.headers, undefined)
    const raw = await this.#get(key, { ...options, ifMatch: options.ifMatch ?? known.etag }, { 'response-content-encoding': 'identity' })
    if (!raw.ok) return raw
    const body = isDecoded(raw.value.headers)
      ? await decodedBody(key, raw.value, options.range)
      : await bodyOf(key, raw.value, options.range)
    if (!body.ok || body.value.decoded) return body
    const { contentEncoding } = known.httpMetadata
    const { head } = body.value
    return sourced({ ...body.value, head: { ...head, httpMetadata: { ...head.httpMetadata, contentEncoding } } })
  }

  async list(query: ListOfSource): Promise<Sourced<SourcePage>> {
    const at: Position = positionOf(query.cursor) ?? { version: 2, after: '' }
    const page = await this.#list(query, at)
    const refusesVersion = !page.ok && page.failure.kind === 'unsupported' && at.version === 2 && at.after === ''
    return refusesVersion ? this.#list(query, { version: 1, after: '' }) : page
  }

  async #list(query: ListOfSource, at: Position): Promise<Sourced<SourcePage>> {
    const asked = await this.#ask('GET', { query: listQuery(query, at) })
    if (!asked.ok) return asked
    if (!asked.value.ok) return failureOf(asked.value.error, this.#transport)
    const body = await readWhole(asked.value.answer, PAGE_BYTES)
    const page = body && readPage(body)
    return page ? sourced(page) : failed('unreachable', 'The source sent a listing that is cut off or is no listing of S3.')
  }

  async #get(key: string, { range, ifMatch }: GetFromSource, query: Record<string, string> = {}): Promise<Sourced<Response>> {
    const headers = new Headers()
    if (range) headers.set('Range', rangeHeader(range))
    if (ifMatch) headers.set('If-Match', `"${ifMatch}"`)
    const asked = await this.#ask('GET', { key, headers, query: new URLSearchParams(query) })
    if (!asked.ok) return asked
    return asked.value.ok ? sourced(asked.value.answer) : failureOf(asked.value.error, this.#transport)
  }

  /** Sends a signed request. If the bucket is in another region, it sends the request once more, to that region. */
  async #ask(method: 'GET' | 'HEAD', request: Asked): Promise<Sourced<Answer>> {
    const first = await this.#askOnce(method, request)
    if (!first.ok || first.value.ok || !isOtherRegion(first.value.error, this.#place.region)) return first
    const { region } = first.value.error as { region: string }
    const { awsBucket } = this.#place
    this.#place = awsBucket === undefined ? { ...this.#place, region } : awsPlace(awsBucket, region)
    return this.#askOnce(method, request)
  }

  async #askOnce(method: 'GET' | 'HEAD', { key, headers = new Headers(), query }: Asked): Promise<Sourced<Answer>> {
    const at = key === undefined ? this.#place.root : urlOfKey(this.#place, key)
    if (at === undefined) return failed('unsupported', 'No URL can name this key: it has a segment "." or "..".', { code: UNADDRESSABLE })
    const url = query?.size ? `${at}?${query}` : at
    const aws = { region: this.#place.region, service: 's3' }
    const signed = await this.#client.sign(url, { method, headers: new Headers(headers), aws })
    const sent = await this.#transport.send({ method, url: signed.url, headers: new Headers(signed.headers) })
    if (!sent.ok) return sent
    const answer = sent.value
    if (answer.ok) return sourced({ ok: true, answer })
    return sourced({ ok: false, error: await readError(answer, Date.now()) })
  }
}

interface Asked {
  readonly key?: string
  readonly headers?: Headers
  readonly query?: URLSearchParams
}

const rangeHeader = (range: SourceRange): string =>
  'suffix' in range
    ? `bytes=-${range.suffix}`
    : `bytes=${range.offset}-${range.length === undefined ? '' : range.offset + range.length - 1}`

/** The body of an answer whose bytes arrive as they are stored. A source that ignores the range sends the whole object. */
async function bodyOf(key: string, answer: Response, range: SourceRange | undefined): Promise<Sourced<SourceBody>> {
  const { headers, status } = answer
  const stream = answer.body ?? emptyStream()
  if (status !== 206) {
    const length = lengthOf(headers)
    return sourced({ head: headOf(key, headers, length), offset: 0, length, decoded: false, stream })
  }
  const given = contentRangeOf(headers)
  if (range === undefined || !given || (lengthOf(headers) ?? given.span.length) !== given.span.length) {
    await discard(answer)
    return failed('unreachable', 'The source sent a part of the object without saying which one.')
  }
  return sourced({ head: headOf(key, headers, given.total), offset: given.span.offset, length: given.span.length, decoded: false, stream })
}

/** The source does not hide the encoding: the decoded bytes are all that can be had, and a part of them has no meaning. */
async function decodedBody(key: string, answer: Response, range: SourceRange | undefined): Promise<Sourced<SourceBody>> {
  if (range !== undefined) {
    await discard(answer)
    return failed('unsupported', 'The source sends this object encoded, and a range of it cannot be decoded.')
  }
  const { md5: _, ...head } = headOf(key, answer.headers, undefined)
  const { contentEncoding: __, ...httpMetadata } = head.httpMetadata
  return sourced({ head: { ...head, httpMetadata }, offset: 0, decoded: true, stream: answer.body ?? emptyStream() })
}

const emptyStream = (): ReadableStream<Uint8Array> => new Response(new Uint8Array(0)).body as ReadableStream<Uint8Array>
