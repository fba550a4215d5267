import { createHash } from 'node:crypto'
import { closeSync, createWriteStream, openSync, readSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AwsClient } from 'aws4fetch'
import type { Client, Driver, Place } from './harness/client.ts'
import { findNodePackage } from './harness/install.ts'

const PART_BYTES = 25_000_000
const PARALLEL = 4

export const client: Client = {
  name: 'aws4fetch',
  find: () => findNodePackage('aws4fetch'),
  open: async (place) => driverOf(place),
  cannot: {
    checksums: 'it sends none by itself',
    sync: 'it signs requests, nothing else',
  },
}

/** aws4fetch signs; what the requests are is up to its user. These are S3's. */
function driverOf({ endpoint, accessKeyId, secretAccessKey }: Place): Driver {
  const aws = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'auto', retries: 0 })
  const urlOf = ({ bucket, key }: { bucket: string; key?: string }) =>
    `${endpoint}/${bucket}${key === undefined ? '' : `/${encodeURIComponent(key).replaceAll('%2F', '/')}`}`
  const send = async (url: string, init: RequestInit = {}) => {
    const response = await aws.fetch(url, init)
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    return response
  }
  const list = async ({ bucket, prefix = '' }: { bucket: string; prefix?: string }) => {
    const keys: string[] = []
    for (let token: string | undefined = ''; token !== undefined; ) {
      const query = new URLSearchParams({ 'list-type': '2', 'encoding-type': 'url', prefix, ...(token && { 'continuation-token': token }) })
      const xml = await (await send(`${urlOf({ bucket })}?${query}`)).text()
      keys.push(...textsOf(xml, 'Key').map((key) => decodeURIComponent(key)))
      token = textsOf(xml, 'NextContinuationToken')[0]
    }
    return keys
  }
  const remove = async (at: { bucket: string; key?: string }) => void (await send(urlOf(at), { method: 'DELETE' }))
  return {
    createBucket: async (at) => void (await send(urlOf(at), { method: 'PUT' })),
    deleteBucket: remove,
    listBuckets: async () => textsOf(await (await send(`${endpoint}/`)).text(), 'Name'),
    async put({ file, headers = {}, ifNoneMatch, ifMatch, sseKey, ...at }) {
      const { size } = statSync(file)
      if (size > PART_BYTES) return uploadParts(send, urlOf(at), file, size)
      const conditions = { ...(ifNoneMatch && { 'if-none-match': ifNoneMatch }), ...(ifMatch && { 'if-match': ifMatch }) }
      await send(urlOf(at), {
        method: 'PUT',
        body: read(file, 0, size),
        headers: { ...namesOf(headers), ...conditions, ...customerKey(sseKey) },
      })
    },
    async get({ file, range, sseKey, ...at }) {
      const { body } = await send(urlOf(at), { headers: { ...(range && { range }), ...customerKey(sseKey) } })
      await pipeline(Readable.fromWeb(body as import('node:stream/web').ReadableStream), createWriteStream(file))
    },
    async head(at) {
      const { headers } = await send(urlOf(at), { method: 'HEAD', headers: { 'accept-encoding': 'identity' } })
      const own = [...headers].filter(([name]) => name.startsWith('x-amz-meta-'))
      return {
        size: Number(headers.get('content-length')),
        contentType: headers.get('content-type')!,
        cacheControl: headers.get('cache-control')!,
        contentDisposition: headers.get('content-disposition')!,
        contentLanguage: headers.get('content-language')!,
        metadata: Object.fromEntries(own.map(([name, value]) => [name.slice('x-amz-meta-'.length), value])),
      }
    },
    list,
    async copy({ to, ...at }) {
      const source = new URL(urlOf(at)).pathname
      await send(urlOf({ ...at, key: to }), { method: 'PUT', headers: { 'x-amz-copy-source': source } })
    },
    delete: remove,
    async deleteAll(at) {
      const keys = await list(at)
      while (keys.length > 0) {
        const body = `<Delete>${keys
          .splice(0, 1000)
          .map((key) => `<Object><Key>${key}</Key></Object>`)
          .join('')}</Delete>`
        const xml = await (await send(`${urlOf(at)}?delete`, { method: 'POST', body, headers: { 'content-md5': md5(body) } })).text()
        if (xml.includes('<Error>')) throw new Error(xml)
      }
    },
    async setTags({ tags, ...at }) {
      const set = Object.entries(tags).map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`)
      await send(`${urlOf(at)}?tagging`, { method: 'PUT', body: `<Tagging><TagSet>${set.join('')}</TagSet></Tagging>` })
    },
    async getTags(at) {
      const xml = await (await send(`${urlOf(at)}?tagging`)).text()
      const values = textsOf(xml, 'Value')
      return Object.fromEntries(textsOf(xml, 'Key').map((key, index) => [key, values[index]!]))
    },
    async attributes(at) {
      const headers = { 'x-amz-object-attributes': 'ETag,ObjectSize,ObjectParts' }
      const xml = await (await send(`${urlOf(at)}?attributes`, { headers })).text()
      const partSizes = textsOf(xml, 'Size').map(Number)
      return { etag: textsOf(xml, 'ETag')[0]!, size: Number(textsOf(xml, 'ObjectSize')[0]), ...(partSizes.length > 0 && { partSizes }) }
    },
    async rename({ to, ...at }) {
      const headers = { 'x-amz-rename-source': encodeURIComponent(at.key) }
      await send(`${urlOf({ ...at, key: to })}?renameObject`, { method: 'PUT', headers })
    },
    deleteIf: async ({ ifMatch, ...at }) => void (await send(urlOf(at), { method: 'DELETE', headers: { 'if-match': ifMatch } })),
    async presign({ method, ...at }) {
      const signed = await aws.sign(`${urlOf(at)}?X-Amz-Expires=600`, { method, aws: { signQuery: true } })
      return signed.url
    },
  }
}

type Send = (url: string, init?: RequestInit) => Promise<Response>

async function uploadParts(send: Send, url: string, file: string, size: number): Promise<void> {
  const uploadId = textsOf(await (await send(`${url}?uploads`, { method: 'POST' })).text(), 'UploadId')[0]!
  const etags: string[] = []
  const numbers = Array.from({ length: Math.ceil(size / PART_BYTES) }, (_, i) => i).values()
  const work = async () => {
    for (const index of numbers) {
      const body = read(file, index * PART_BYTES, Math.min(PART_BYTES, size - index * PART_BYTES))
      const query = new URLSearchParams({ partNumber: String(index + 1), uploadId })
      etags[index] = (await send(`${url}?${query}`, { method: 'PUT', body })).headers.get('etag')!
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  const parts = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`)
  const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
  await send(`${url}?${new URLSearchParams({ uploadId })}`, { method: 'POST', body })
}

function read(file: string, position: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  const opened = openSync(file, 'r')
  readSync(opened, bytes, 0, length, position)
  closeSync(opened)
  return bytes
}

const namesOf = ({ metadata = {}, ...headers }: { metadata?: Readonly<Record<string, string>> }): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replaceAll(/[A-Z]/g, '-$&').toLowerCase(), String(value)])),
  ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
})

const md5 = (data: string | Uint8Array) => createHash('md5').update(data).digest('base64')

const SSE = 'x-amz-server-side-encryption-customer'

const customerKey = (sseKey: string | undefined): Record<string, string> =>
  sseKey === undefined
    ? {}
    : { [`${SSE}-algorithm`]: 'AES256', [`${SSE}-key`]: sseKey, [`${SSE}-key-md5`]: md5(Buffer.from(sseKey, 'base64')) }

const textsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, text]) => text!)
