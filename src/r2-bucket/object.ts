import type { HashName, WireHttpMetadata, WireObject } from './wire'

/** Digests as the binding shows them: bytes, and hex as JSON. */
class CairnChecksums implements R2Checksums {
  readonly sha512?: ArrayBuffer
  readonly sha384?: ArrayBuffer
  readonly sha256?: ArrayBuffer
  readonly sha1?: ArrayBuffer
  readonly md5?: ArrayBuffer
  readonly #hex: WireObject['hashes']

  constructor(hashes: WireObject['hashes']) {
    this.#hex = hashes
    this.sha512 = fromHex(hashes.sha512)
    this.sha384 = fromHex(hashes.sha384)
    this.sha256 = fromHex(hashes.sha256)
    this.sha1 = fromHex(hashes.sha1)
    this.md5 = fromHex(hashes.md5)
  }

  toJSON(): R2StringChecksums {
    const order: HashName[] = ['md5', 'sha1', 'sha256', 'sha384', 'sha512']
    return Object.fromEntries(order.filter((name) => this.#hex[name] !== undefined).map((name) => [name, this.#hex[name]]))
  }
}

/** An object without its bytes. Its fields have the same order as in the runtime, which `JSON.stringify` shows. */
export class CairnObject implements R2Object {
  readonly ssecKeyMd5?: string
  readonly storageClass: string
  readonly range?: R2Range
  readonly customMetadata?: Record<string, string>
  readonly httpMetadata?: R2HTTPMetadata
  readonly uploaded: Date
  readonly checksums: R2Checksums
  readonly httpEtag: string
  readonly etag: string
  readonly size: number
  readonly version: string
  readonly key: string

  constructor(object: WireObject) {
    this.ssecKeyMd5 = object.ssecKeyMd5
    this.storageClass = object.storageClass
    // The runtime's range has a field for each of its forms, even an undefined one.
    this.range = object.range && { ...object.range, suffix: undefined }
    this.customMetadata = object.customMetadata
    this.httpMetadata = object.httpMetadata && toHttpMetadata(object.httpMetadata)
    this.uploaded = new Date(object.uploadedMs)
    this.checksums = new CairnChecksums(object.hashes)
    this.httpEtag = `"${object.etag}"`
    this.etag = object.etag
    this.size = object.size
    this.version = object.version
    this.key = object.key
  }

  writeHttpMetadata(headers: Headers): void {
    const { httpMetadata } = this
    if (!httpMetadata) {
      throw new TypeError(
        `HTTP metadata unknown for key \`${this.key}\`. Did you forget to add 'httpMetadata' to \`include\` when listing?`,
      )
    }
    for (const [field, name] of HEADERS) {
      const value = httpMetadata[field]
      if (value !== undefined) headers.set(name, value)
    }
    if (httpMetadata.cacheExpiry) headers.set('expires', httpMetadata.cacheExpiry.toUTCString())
  }
}

/** An object and its bytes, or the requested range of them. They are in a `Response`, whose methods read bodies as R2's do. */
export class CairnObjectBody extends CairnObject implements R2ObjectBody {
  readonly #content: Response

  constructor(object: WireObject, body: ReadableStream<Uint8Array> | Uint8Array) {
    super(object)
    const type = object.httpMetadata?.contentType
    this.#content = new Response(body as BodyInit, { headers: type === undefined ? {} : { 'content-type': type } })
  }

  get body(): ReadableStream {
    return this.#content.body!
  }

  get bodyUsed(): boolean {
    return this.#content.bodyUsed
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#content.arrayBuffer()
  }

  bytes(): Promise<Uint8Array> {
    return this.#content.bytes()
  }

  text(): Promise<string> {
    return this.#content.text()
  }

  json<T>(): Promise<T> {
    return this.#content.json<T>()
  }

  blob(): Promise<Blob> {
    return this.#content.blob()
  }
}

const HEADERS = [
  ['contentType', 'content-type'],
  ['contentLanguage', 'content-language'],
  ['contentDisposition', 'content-disposition'],
  ['contentEncoding', 'content-encoding'],
  ['cacheControl', 'cache-control'],
] as const

/** As in the runtime, every field is present, even an undefined one. */
const toHttpMetadata = ({ cacheExpiryMs, ...texts }: WireHttpMetadata): R2HTTPMetadata => ({
  contentType: texts.contentType,
  contentLanguage: texts.contentLanguage,
  contentDisposition: texts.contentDisposition,
  contentEncoding: texts.contentEncoding,
  cacheControl: texts.cacheControl,
  cacheExpiry: cacheExpiryMs === undefined ? undefined : new Date(cacheExpiryMs),
})

function fromHex(hex: string | undefined): ArrayBuffer | undefined {
  if (hex === undefined) return undefined
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return bytes.buffer
}
