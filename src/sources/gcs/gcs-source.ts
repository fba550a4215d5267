import { awsEncode } from '../../core/key.ts'
import { isDecoded, lengthOf } from '../body-headers.ts'
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
  spanOf,
  UNADDRESSABLE,
} from '../source.ts'
import { discard, ERROR_BYTES, PAGE_BYTES, Transport, type TransportOptions } from '../transport.ts'
import { accessToken, type ServiceAccount } from './access-token.ts'
import {
  arrivesDecoded,
  FIELDS,
  failureOfAnswer,
  headOfResource,
  isObjectResource,
  itemOfResource,
  type ObjectResource,
  readJson,
} from './resources.ts'

/** Where a bucket of Google Cloud Storage is. Both addresses are variables, for tests and private endpoints. */
export interface GcsPlace {
  readonly bucket: string
  /** The base of the storage API, without a slash at its end. */
  readonly storage: string
  readonly tokenUrl: string
}

const MOST = 1000

/** A bucket of Google Cloud Storage, by its JSON API. */
export class GcsSource implements Source {
  readonly #place: GcsPlace
  readonly #account: ServiceAccount
  readonly #transport: Transport

  constructor(place: GcsPlace, account: ServiceAccount, options: Omit<TransportOptions, 'secrets'> = {}) {
    this.#place = place
    this.#account = account
    this.#transport = new Transport({ ...options, secrets: [account.privateKey] })
  }

  async head(key: string): Promise<Sourced<SourceHead>> {
    const resource = await this.#resource(key)
    return resource.ok ? sourced(headOfResource(resource.value)) : resource
  }

  /**
   * Reads the description first: the headers of the bytes lack metadata, and of a decoded object everything else. The bytes are then read of
   * the generation that was described.
   */
  async get(key: string, { range, ifMatch }: GetFromSource = {}): Promise<Sourced<SourceBody>> {
    const described = await this.#resource(key)
    if (!described.ok) return described
    const resource = described.value
    const head = headOfResource(resource)
    if (ifMatch && ifMatch !== head.etag) return failed('changed', 'The object has another generation.')
    if (range && arrivesDecoded(resource)) return failed('unsupported', 'The source decodes this object, so no range of it can be read.')
    const span = spanOf(range, head.size ?? 0)
    if (range && !span) return failed('unsatisfiable', 'The range begins behind the last byte.', { size: head.size })
    const read = await this.#ask(this.#objectUrl(key, { alt: 'media', generation: head.etag }), range)
    if (!read.ok) return read.failure.kind === 'absent' ? failed('changed', 'The object was replaced or deleted.') : read
    return bodyOf(read.value, { head, resource, offset: range ? span!.offset : 0 })
  }

  async list({ prefix, cursor, limit = MOST }: ListOfSource): Promise<Sourced<SourcePage>> {
    const query = new URLSearchParams({ maxResults: String(Math.min(limit, MOST)), fields: `items(${FIELDS}),nextPageToken` })
    if (prefix) query.set('prefix', prefix)
    if (cursor) query.set('pageToken', cursor)
    const asked = await this.#ask(`${this.#bucketUrl()}?${query}`)
    if (!asked.ok) return asked.failure.kind === 'absent' ? failed('no-bucket', asked.failure.message) : asked
    const page = (await readJson(asked.value, PAGE_BYTES)) as { items?: unknown[]; nextPageToken?: string } | undefined
    const items = page?.items ?? []
    if (typeof page !== 'object' || !Array.isArray(items) || !items.every(isObjectResource)) {
      return failed('unreachable', 'The source sent a listing that is cut off or malformed.')
    }
    const { nextPageToken: next } = page
    return sourced({ items: items.map(itemOfResource), next: typeof next === 'string' && next !== '' ? next : undefined })
  }

  async #resource(key: string): Promise<Sourced<ObjectResource>> {
    if (key === '.' || key === '..' || !key.isWellFormed())
      return failed('unsupported', 'No URL can name this key.', { code: UNADDRESSABLE })
    const asked = await this.#ask(this.#objectUrl(key, { fields: FIELDS }))
    if (!asked.ok) return asked
    const resource = await readJson(asked.value, ERROR_BYTES + PAGE_BYTES)
    if (!isObjectResource(resource)) return failed('unreachable', 'The source sent a description that is cut off or malformed.')
    if (resource.customerEncryption === undefined) return sourced(resource)
    return failed('unsupported', 'The object is encrypted with a key of its owner.')
  }

  /** Sends a request with the token of the service account. */
  async #ask(url: string, range?: SourceRange): Promise<Sourced<Response>> {
    const token = await accessToken(this.#account, this.#place.tokenUrl, this.#transport)
    if (!token.ok) return token
    const headers = new Headers({ Authorization: `Bearer ${token.value}` })
    if (range) headers.set('Range', 'suffix' in range ? `bytes=-${range.suffix}` : rangeFrom(range))
    const sent = await this.#transport.send({ method: 'GET', url, headers })
    if (!sent.ok || sent.value.ok) return sent
    return failureOfAnswer(sent.value, this.#transport)
  }

  #bucketUrl(): string {
    return `${this.#place.storage}/storage/v1/b/${awsEncode(this.#place.bucket)}/o`
  }

  /** A key is one segment, so its slashes are encoded, and no dots in it are resolved unless they are all of it. */
  #objectUrl(key: string, query: Record<string, string>): string {
    return `${this.#bucketUrl()}/${awsEncode(key)}?${new URLSearchParams(query)}`
  }
}

const rangeFrom = ({ offset, length }: { offset: number; length?: number }): string =>
  `bytes=${offset}-${length === undefined ? '' : offset + length - 1}`

interface Read {
  readonly head: SourceHead
  readonly resource: ObjectResource
  readonly offset: number
}

async function bodyOf(answer: Response, { head, resource, offset }: Read): Promise<Sourced<SourceBody>> {
  if (offset > 0 && answer.status !== 206) {
    await discard(answer)
    return failed('unreachable', 'The source ignored the range.')
  }
  const decoded = arrivesDecoded(resource) || isDecoded(answer.headers)
  const stream = answer.body ?? (new Response(new Uint8Array(0)).body as ReadableStream<Uint8Array>)
  return sourced({ head, offset, length: decoded ? undefined : (lengthOf(answer.headers) ?? undefined), decoded, stream })
}
