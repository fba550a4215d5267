import { Buffer } from 'node:buffer'
import { type FailureKind, failed, type Sourced, type SourceHead, type SourceItem } from '../source.ts'
import { ERROR_BYTES, readWhole, retryAfterMs, type Transport } from '../transport.ts'

// Documents of the JSON API of Google Cloud Storage. https://cloud.google.com/storage/docs/json_api/v1/objects#resource

/** The fields of an object that we ask for. */
export const FIELDS =
  'name,size,generation,updated,storageClass,md5Hash,crc32c,contentType,contentEncoding,contentLanguage,contentDisposition,cacheControl,metadata,customerEncryption'

export interface ObjectResource {
  readonly name: string
  readonly size?: string
  readonly generation?: string
  readonly updated?: string
  readonly storageClass?: string
  readonly md5Hash?: string
  readonly crc32c?: string
  readonly contentType?: string
  readonly contentEncoding?: string
  readonly contentLanguage?: string
  readonly contentDisposition?: string
  readonly cacheControl?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly customerEncryption?: unknown
}

/** Whether a value of the network is the description of an object. */
export const isObjectResource = (value: unknown): value is ObjectResource =>
  typeof value === 'object' && value !== null && typeof (value as ObjectResource).name === 'string'

/** Whether Google, or the runtime, decodes the bytes on their way. */
export const arrivesDecoded = ({ contentEncoding = '' }: ObjectResource): boolean => /\b(gzip|br)\b/i.test(contentEncoding)

/** The generation stands for the ETag: it changes with the bytes, and a read can ask for it. */
export function headOfResource(resource: ObjectResource): SourceHead {
  const isDecoded = arrivesDecoded(resource)
  const { contentType, contentLanguage, contentDisposition, cacheControl, contentEncoding, metadata = {} } = resource
  const custom = Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), String(value)])
  return {
    ...itemOfResource(resource),
    size: isDecoded ? undefined : sizeOf(resource),
    httpMetadata: { contentType, contentLanguage, contentDisposition, cacheControl, ...(!isDecoded && { contentEncoding }) },
    customMetadata: Object.fromEntries(custom),
    md5: isDecoded || resource.md5Hash === undefined ? undefined : Buffer.from(resource.md5Hash, 'base64').toString('hex'),
    crc32c: isDecoded ? undefined : resource.crc32c,
  }
}

/** An object as a listing gives it. */
export function itemOfResource(resource: ObjectResource): SourceItem {
  const { name, generation = '', updated, storageClass } = resource
  const modifiedMs = Date.parse(updated ?? '')
  return {
    key: name,
    size: sizeOf(resource) ?? 0,
    etag: generation,
    modifiedMs: Number.isNaN(modifiedMs) ? 0 : modifiedMs,
    storageClass: storageClass === 'STANDARD' ? undefined : storageClass,
  }
}

const sizeOf = ({ size }: ObjectResource): number | undefined => (/^\d{1,15}$/.test(size ?? '') ? Number(size) : undefined)

/** Reads a JSON answer; `undefined` if it is cut off or no JSON. */
export async function readJson(answer: Response, limit: number): Promise<unknown> {
  const body = await readWhole(answer, limit)
  try {
    return body === undefined ? undefined : (JSON.parse(new TextDecoder().decode(body)) as unknown)
  } catch {
    return undefined
  }
}

/** The failure that an answer stands for. A read of bytes is answered with plain text, everything else with JSON. */
export async function failureOfAnswer(answer: Response, transport: Transport): Promise<Sourced<never>> {
  const { status, headers } = answer
  const text = new TextDecoder().decode(await readWhole(answer, ERROR_BYTES))
  const { message, reason } = errorOf(text)
  const kind = kindOf(status, reason, message)
  const size = /^bytes \*\/(\d{1,15})$/.exec(headers.get('content-range') ?? '')?.[1]
  return failed(kind, transport.clean(`The source answered ${status}: ${message}`), {
    code: reason,
    ...(kind === 'throttled' && { retryAfterMs: retryAfterMs(headers, Date.now()) }),
    ...(size !== undefined && { size: Number(size) }),
  })
}

function errorOf(text: string): { readonly message: string; readonly reason?: string } {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string; errors?: { reason?: string }[] } }
    return { message: String(error?.message ?? ''), reason: error?.errors?.[0]?.reason }
  } catch {
    return { message: text }
  }
}

function kindOf(status: number, reason: string | undefined, message: string): FailureKind {
  if (status === 404) return /bucket/i.test(message) && !/no such object/i.test(message) ? 'no-bucket' : absence(reason, message)
  if (status === 429 || status === 503 || /ratelimit/i.test(reason ?? '')) return 'throttled'
  if (status === 401 || status === 403) return 'denied'
  if (status === 412) return 'changed'
  if (status === 416) return 'unsatisfiable'
  return status === 408 || status >= 500 || status < 400 ? 'unreachable' : 'unsupported'
}

/** A 404 that is not Google's may come from a proxy. */
const absence = (reason: string | undefined, message: string): FailureKind =>
  reason === 'notFound' || /no such object|not found/i.test(message) ? 'absent' : 'unreachable'
