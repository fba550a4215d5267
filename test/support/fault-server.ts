import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Accounts, serveGcs, serveToken } from './fault-gcs.ts'

// A store that speaks a little S3 and fails as it is told. Tests in Node and in workerd program it over HTTP: `PUT /_/<bucket>` takes a
// `Script`, `GET /_/<bucket>` returns the requests that came since. It checks no signatures of S3. The same buckets are served as Google
// Cloud Storage; `PUT /_account/<e-mail>` takes the public key of a service account.

export interface FaultyObject {
  /** The bytes, as base64. */
  readonly base64?: string
  /** Or bytes made by {@link patternByte}. */
  readonly size?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** A fault that the matching requests meet. */
export interface Fault {
  readonly method?: string
  readonly key?: string
  /** Only requests with a `Range` header, or only those without. */
  readonly ranged?: boolean
  /** How many requests meet it. Default: all. */
  readonly times?: number
  /** An answer in place of the object: its status, S3's code in the body, headers. */
  readonly status?: number
  readonly code?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Break the connection off behind so many bytes of the body. */
  readonly resetAfter?: number
  /** Never answer. */
  readonly hang?: boolean
  /** Pause so long before the answer, and between pieces of 16 KiB. */
  readonly slowMs?: number
  /** Send the body without a length. */
  readonly chunked?: boolean
  /** Another ETag from then on. */
  readonly newEtag?: boolean
}

export interface Script {
  readonly objects?: Readonly<Record<string, FaultyObject>>
  readonly faults?: readonly Fault[]
  /** 403 `AccessDenied` for keys that do not exist, as AWS answers without the permission to list. */
  readonly hidesMissing?: boolean
  /** The region that requests must be signed for; others get a 301. */
  readonly region?: string
  /** Ignores `response-*` parameters. */
  readonly ignoresOverrides?: boolean
  /** Refuses version 2 of the listing (`refuses`), or answers it with version 1 (`ignores`). */
  readonly listV2?: 'refuses' | 'ignores'
  readonly pageSize?: number
}

export interface SeenRequest {
  readonly method: string
  readonly key: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

interface Bucket {
  script: Script
  met: Map<Fault, number>
  changes: number
  requests: SeenRequest[]
}

export interface FaultServer {
  readonly url: string
  close(): Promise<void>
}

/** The byte of a made object at an offset. */
export const patternByte = (offset: number): number => (offset * 31 + (offset >>> 8) * 7) & 0xff

const PIECE = 16 * 1024

/** Starts the server on a free port of this machine. */
export async function startFaultServer(): Promise<FaultServer> {
  const buckets = new Map<string, Bucket>()
  const accounts: Accounts = { keys: new Map(), tokens: new Set() }
  const server = createServer((request, response) => {
    serve({ buckets, accounts }, request, response).catch(() => response.destroy())
  })
  // On a busy machine a test may pause for longer than the five seconds after which Node closes an idle connection.
  server.keepAliveTimeout = 10 * 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface State {
  readonly buckets: Map<string, Bucket>
  readonly accounts: Accounts
}

async function serve({ buckets, accounts }: State, request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const url = new URL(request.url ?? '/', 'http://faults')
  const [, first = '', ...rest] = url.pathname.split('/')
  if (first === '_') return control(buckets, rest.join('/'), request, response)
  if (first === '_account') {
    accounts.keys.set(decodeURIComponent(rest.join('/')), (await bodyOf(request)).toString())
    response.end()
    return
  }
  if (url.pathname === '/token') return serveToken(accounts, new URLSearchParams((await bodyOf(request)).toString()), request, response)
  const [, ofGcs, keyOfGcs = ''] = /^\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]*))?$/.exec(url.pathname) ?? []
  const bucket = buckets.get(ofGcs ?? first)
  if (!bucket) return refuse(response, 404, 'NoSuchBucket')
  const key = decodeURIComponent(ofGcs === undefined ? rest.join('/') : keyOfGcs)
  const method = request.method ?? 'GET'
  bucket.requests.push({ method, key, url: request.url ?? '', headers: request.headers as Record<string, string> })
  if (await meet(bucket, { method, key, ranged: request.headers.range !== undefined }, response)) return
  if (ofGcs !== undefined) {
    const wholeOf = (object: FaultyObject) => Buffer.from(bytesOf(object, 0, sizeOf(object)))
    return serveGcs(accounts, { script: bucket.script, key, query: url.searchParams, bytesOf: wholeOf }, request, response)
  }
  const { region } = bucket.script
  if (region !== undefined && !request.headers.authorization?.includes(`/${region}/s3/`)) {
    return refuse(response, 301, 'PermanentRedirect', { 'x-amz-bucket-region': region })
  }
  if (key === '') return list(bucket.script, url.searchParams, response)
  return get(bucket, { key, url, request, response })
}

async function control(buckets: Map<string, Bucket>, name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'PUT') {
    const script = JSON.parse((await bodyOf(request)).toString()) as Script
    buckets.set(name, { script, met: new Map(), changes: 0, requests: [] })
    response.end()
    return
  }
  response.end(JSON.stringify(buckets.get(name)?.requests ?? []))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

type Met = Pick<SeenRequest, 'method' | 'key'> & { readonly ranged: boolean }

/** The first fault of the script that a request meets. */
function faultOf({ script, met }: Bucket, request: Met): Fault | undefined {
  return script.faults?.find(
    (fault) =>
      (fault.method ?? request.method) === request.method &&
      (fault.key ?? request.key) === request.key &&
      (fault.ranged ?? request.ranged) === request.ranged &&
      (met.get(fault) ?? 0) < (fault.times ?? Number.POSITIVE_INFINITY),
  )
}

/** Answers in place of the object, if a fault says so. Faults about the body are met in {@link get}. */
async function meet(bucket: Bucket, request: Met, response: ServerResponse): Promise<boolean> {
  const fault = faultOf(bucket, request)
  if (!fault || isAboutBody(fault)) return false
  bucket.met.set(fault, (bucket.met.get(fault) ?? 0) + 1)
  if (fault.hang) return true
  if (fault.slowMs) await sleep(fault.slowMs)
  const { status, code, headers = {}, body } = fault
  if (status === undefined) return false
  const text = body ?? (code === undefined ? '' : errorXml(code))
  response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(request.method === 'HEAD' ? '' : text)
  return true
}

const isAboutBody = ({ resetAfter, chunked, newEtag, slowMs, status }: Fault): boolean =>
  status === undefined && (resetAfter !== undefined || chunked === true || newEtag === true || slowMs !== undefined)

const errorXml = (code: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>It is ${code}.</Message></Error>`

function refuse(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(errorXml(code))
}

interface Asked {
  readonly key: string
  readonly url: URL
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function get(bucket: Bucket, { key, url, request, response }: Asked): Promise<void> {
  const { script } = bucket
  const object = script.objects && Object.hasOwn(script.objects, key) ? script.objects[key] : undefined
  if (!object) return script.hidesMissing ? refuse(response, 403, 'AccessDenied') : refuse(response, 404, 'NoSuchKey')
  const fault = faultOf(bucket, { method: request.method ?? 'GET', key, ranged: request.headers.range !== undefined })
  if (fault) bucket.met.set(fault, (bucket.met.get(fault) ?? 0) + 1)
  if (fault?.newEtag) bucket.changes++
  const etag = etagOf(object, bucket.changes)
  const wanted = request.headers['if-match']
  if (wanted !== undefined && wanted !== `"${etag}"`) return refuse(response, 412, 'PreconditionFailed')
  const size = sizeOf(object)
  const span = spanOf(request.headers.range, size)
  if (!span) return refuse(response, 416, 'InvalidRange', { 'content-range': `bytes */${size}` })
  const headers: Record<string, string> = {
    etag: `"${etag}"`,
    'last-modified': 'Wed, 01 Jul 2026 10:00:00 GMT',
    ...object.headers,
    ...(!fault?.chunked && { 'content-length': String(span.end - span.start) }),
    ...(span.partial && { 'content-range': `bytes ${span.start}-${span.end - 1}/${size}` }),
  }
  const override = url.searchParams.get('response-content-encoding')
  if (override !== null && !script.ignoresOverrides) headers['content-encoding'] = override
  response.writeHead(span.partial ? 206 : 200, headers)
  if (request.method === 'HEAD') response.end()
  else await sendBody(response, object, { ...span, fault })
}

interface Body {
  readonly start: number
  readonly end: number
  readonly fault: Fault | undefined
}

async function sendBody(response: ServerResponse, object: FaultyObject, { start, end, fault }: Body): Promise<void> {
  const stop = fault?.resetAfter === undefined ? end : Math.min(end, start + fault.resetAfter)
  for (let at = start; at < stop; at += PIECE) {
    if (fault?.slowMs) await sleep(fault.slowMs)
    if (!response.write(bytesOf(object, at, Math.min(at + PIECE, stop)))) await once(response, 'drain')
  }
  if (fault?.resetAfter === undefined) return void response.end()
  await sleep(20) // Lets the bytes leave.
  response.destroy()
}

const sizeOf = ({ base64, size }: FaultyObject): number => size ?? Buffer.from(base64 ?? '', 'base64').length

function bytesOf(object: FaultyObject, start: number, end: number): Uint8Array {
  if (object.size === undefined) return Buffer.from(object.base64 ?? '', 'base64').subarray(start, end)
  return Uint8Array.from({ length: end - start }, (_, index) => patternByte(start + index))
}

/** The MD5 of given bytes; something like the ETag of an upload in parts for made ones. */
function etagOf(object: FaultyObject, changes: number): string {
  const seed = object.size === undefined ? Buffer.from(object.base64 ?? '', 'base64') : `made/${object.size}`
  const md5 = createHash('md5').update(seed).digest('hex')
  if (changes > 0) return createHash('md5').update(`${md5}/${changes}`).digest('hex')
  return object.size === undefined ? md5 : `${md5}-2`
}

function spanOf(range: string | undefined, size: number): { start: number; end: number; partial: boolean } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
  if (first === undefined || last === undefined) return { start: 0, end: size, partial: false }
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size)
  return start < end ? { start, end, partial: true } : undefined
}

function list({ objects = {}, listV2, pageSize = 1000 }: Script, query: URLSearchParams, response: ServerResponse): void {
  const isV2 = query.get('list-type') === '2'
  if (isV2 && listV2 === 'refuses') {
    refuse(response, 501, 'NotImplemented')
    return
  }
  const after = query.get('continuation-token') ?? query.get('marker') ?? ''
  const most = Math.min(Number(query.get('max-keys') ?? 1000), pageSize)
  const keys = Object.keys(objects)
    .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after)
    .sort()
  const page = keys.slice(0, most)
  const encode = (key: string) => encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/')
  const contents = page.map((key) => {
    const { headers = {} } = objects[key]!
    const storageClass = headers['x-amz-storage-class'] ?? 'STANDARD'
    const size = headers['x-listed-size'] ?? String(sizeOf(objects[key]!))
    return `<Contents><Key>${encode(key)}</Key><LastModified>2026-07-01T10:00:00.000Z</LastModified><ETag>&quot;${etagOf(objects[key]!, 0)}&quot;</ETag><Size>${size}</Size><StorageClass>${storageClass}</StorageClass></Contents>`
  })
  const truncated = page.length < keys.length
  const next = truncated && isV2 && listV2 !== 'ignores' ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  response
    .writeHead(200, { 'content-type': 'application/xml' })
    .end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${truncated}</IsTruncated><EncodingType>url</EncodingType>${next}${contents.join('')}</ListBucketResult>`,
    )
}
