import { createHash, createPublicKey, randomUUID, verify } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import type { FaultyObject, Script } from './fault-server.ts'

// The part of the fault server that speaks the JSON API of Google Cloud Storage, and its token endpoint. It checks the signature of a claim
// with the public key of the account, and gives decoded bytes of a gzip object, as Google does.

/** The public keys of service accounts, and the tokens that were given out. */
export interface Accounts {
  readonly keys: Map<string, string>
  readonly tokens: Set<string>
}

/** `POST /token`: a token for a claim that the account's key signed. */
export function serveToken({ keys, tokens }: Accounts, form: URLSearchParams, request: IncomingMessage, response: ServerResponse): unknown {
  const [header = '', claim = '', signature = ''] = (form.get('assertion') ?? '').split('.')
  const { iss, aud, exp, scope } = JSON.parse(Buffer.from(claim, 'base64url').toString() || '{}') as Record<string, string | number>
  const pem = keys.get(String(iss))
  const isSigned =
    pem !== undefined &&
    verify('sha256', Buffer.from(`${header}.${claim}`), createPublicKey(pem), Buffer.from(signature, 'base64url')) &&
    aud === `http://${request.headers.host}/token` &&
    Number(exp) * 1000 > Date.now() &&
    String(scope).includes('devstorage.read_only')
  if (!isSigned) {
    response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }))
    return
  }
  const token = randomUUID()
  tokens.add(token)
  response.end(JSON.stringify({ access_token: token, expires_in: 3599, token_type: 'Bearer' }))
}

export interface GcsRequest {
  readonly script: Script
  readonly key: string
  readonly query: URLSearchParams
  readonly bytesOf: (object: FaultyObject) => Buffer
}

/** `GET /storage/v1/b/<bucket>/o[/<key>]`. */
export function serveGcs({ tokens }: Accounts, gcs: GcsRequest, request: IncomingMessage, response: ServerResponse): unknown {
  const { script, key, query, bytesOf } = gcs
  if (!tokens.has(request.headers.authorization?.replace('Bearer ', '') ?? ''))
    return refuse(response, 401, 'authError', 'Invalid Credentials')
  const objects = script.objects ?? {}
  if (key === '') return list(gcs, response)
  const object = Object.hasOwn(objects, key) ? objects[key] : undefined
  if (!object) return refuse(response, 404, 'notFound', `No such object: b/${key}`)
  if (query.get('alt') !== 'media') return response.end(JSON.stringify(resourceOf(key, object, bytesOf(object))))
  const stored = bytesOf(object)
  const isZipped = object.headers?.['content-encoding'] === 'gzip'
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '')
  if (isZipped || !range) {
    const headers: Record<string, string> = isZipped
      ? { 'x-goog-stored-content-encoding': 'gzip' }
      : { 'content-length': String(stored.length) }
    response.writeHead(200, headers).end(isZipped ? gunzipSync(stored) : stored)
    return
  }
  const start = range[1] === '' ? stored.length - Number(range[2]) : Number(range[1])
  const end = range[1] === '' || range[2] === '' ? stored.length : Math.min(Number(range[2]) + 1, stored.length)
  response.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${stored.length}`, 'content-length': String(end - start) })
  response.end(stored.subarray(start, end))
}

function refuse(response: ServerResponse, status: number, reason: string, message: string): void {
  response.writeHead(status).end(JSON.stringify({ error: { code: status, message, errors: [{ reason, message }] } }))
}

function list({ script, query, bytesOf }: GcsRequest, response: ServerResponse): void {
  const { objects = {}, pageSize = 1000 } = script
  const keys = Object.keys(objects)
    .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > (query.get('pageToken') ?? ''))
    .sort()
  const page = keys.slice(0, Math.min(Number(query.get('maxResults') ?? 1000), pageSize))
  const items = page.map((key) => resourceOf(key, objects[key]!, bytesOf(objects[key]!)))
  response.end(JSON.stringify({ kind: 'storage#objects', items, nextPageToken: page.length < keys.length ? page.at(-1) : undefined }))
}

function resourceOf(name: string, { headers = {} }: FaultyObject, stored: Buffer) {
  const metadata = Object.entries(headers).flatMap(([header, value]) =>
    header.startsWith('x-amz-meta-') ? [[header.slice(11), value]] : [],
  )
  return {
    name,
    size: String(stored.length),
    generation: String(Number.parseInt(createHash('md5').update(stored).digest('hex').slice(0, 12), 16)),
    updated: '2026-07-01T10:00:00.000Z',
    storageClass: headers['x-amz-storage-class'] ?? 'STANDARD',
    md5Hash: createHash('md5').update(stored).digest('base64'),
    contentType: headers['content-type'],
    contentEncoding: headers['content-encoding'],
    cacheControl: headers['cache-control'],
    metadata: Object.fromEntries(metadata),
  }
}
