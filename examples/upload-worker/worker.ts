import { r2Bucket } from 'cairn/binding'
import { PAGE } from './page'

interface Env {
  CAIRN: Fetcher
}

/** Uploads and downloads files, whole or in parts. Only the line that makes the bucket depends on Cairn. */
export default {
  async fetch(request, env): Promise<Response> {
    const bucket = r2Bucket(env.CAIRN) // With R2: const bucket = env.BUCKET
    const url = new URL(request.url)
    if (url.pathname === '/') return new Response(PAGE, { headers: { 'content-type': 'text/html; charset=utf-8' } })
    if (url.pathname === '/files') return list(bucket, url)
    if (!url.pathname.startsWith('/files/')) return new Response('Not found\n', { status: 404 })
    const key = decodeURIComponent(url.pathname.slice('/files/'.length))
    try {
      return await (url.searchParams.has('action') ? multipart(bucket, key, request, url) : file(bucket, key, request))
    } catch (error) {
      return new Response(`${(error as Error).message}\n`, { status: 400 })
    }
  },
} satisfies ExportedHandler<Env>

async function list(bucket: R2Bucket, url: URL): Promise<Response> {
  const { searchParams } = url
  const listed = await bucket.list({
    prefix: searchParams.get('prefix') ?? undefined,
    delimiter: searchParams.get('delimiter') ?? undefined,
    cursor: searchParams.get('cursor') ?? undefined,
    include: ['httpMetadata'],
  })
  return Response.json(listed)
}

async function file(bucket: R2Bucket, key: string, request: Request): Promise<Response> {
  switch (request.method) {
    case 'PUT': {
      const object = await bucket.put(key, request.body, { httpMetadata: request.headers, onlyIf: request.headers })
      if (object === null) return new Response('The conditions do not hold\n', { status: 412 })
      return Response.json({ key: object.key, etag: object.etag, size: object.size }, { headers: { etag: object.httpEtag } })
    }
    case 'GET': {
      const object = await bucket.get(key, { range: request.headers, onlyIf: request.headers })
      if (object === null) return new Response('Not found\n', { status: 404 })
      return download(object, request)
    }
    case 'HEAD': {
      const object = await bucket.head(key)
      return object === null ? new Response(null, { status: 404 }) : new Response(null, { headers: headersOf(object) })
    }
    case 'DELETE':
      await bucket.delete(key)
      return new Response(null, { status: 204 })
    default:
      return new Response('Method not allowed\n', { status: 405, headers: { allow: 'PUT, GET, HEAD, DELETE' } })
  }
}

function download(object: R2ObjectBody | R2Object, request: Request): Response {
  const headers = headersOf(object)
  if (!('body' in object)) return new Response(null, { status: request.headers.has('if-match') ? 412 : 304, headers })
  const { offset = 0, length = object.size } = object.range as { offset?: number; length?: number }
  const partial = length < object.size
  if (partial) headers.set('content-range', `bytes ${offset}-${offset + length - 1}/${object.size}`)
  return new Response(object.body, { status: partial ? 206 : 200, headers })
}

function headersOf(object: R2Object): Headers {
  const headers = new Headers({ etag: object.httpEtag, 'last-modified': object.uploaded.toUTCString(), 'accept-ranges': 'bytes' })
  object.writeHttpMetadata(headers)
  return headers
}

/** The calls of an upload in parts, which the page makes. */
async function multipart(bucket: R2Bucket, key: string, request: Request, { searchParams }: URL): Promise<Response> {
  const upload = () => bucket.resumeMultipartUpload(key, searchParams.get('uploadId') ?? '')
  switch (searchParams.get('action')) {
    case 'create': {
      const { uploadId } = await bucket.createMultipartUpload(key, { httpMetadata: request.headers })
      return Response.json({ key, uploadId })
    }
    case 'part':
      if (request.body === null) return new Response('A part needs a body\n', { status: 400 })
      return Response.json(await upload().uploadPart(Number(searchParams.get('partNumber')), request.body))
    case 'complete': {
      const object = await upload().complete(await request.json<R2UploadedPart[]>())
      return Response.json({ key: object.key, etag: object.etag, size: object.size })
    }
    case 'abort':
      await upload().abort()
      return new Response(null, { status: 204 })
    default:
      return new Response('Unknown action\n', { status: 400 })
  }
}
