import { CairnMultipartUpload } from './multipart-upload'
import { CairnObject, CairnObjectBody } from './object'
import { readCreateOptions, readGetOptions, readListOptions, readPutOptions } from './options'
import { unwrap, wrongArgument } from './outcome'
import { checkBody, type UploadBody, upload } from './upload'
import type { BindingApi, WireObject } from './wire'

/** A bucket of Cairn as an `R2Bucket`. It makes the checks that R2's runtime makes before a call; Cairn answers everything else. */
export class CairnBucket implements R2Bucket {
  readonly #service: BindingApi

  constructor(service: BindingApi) {
    this.#service = service
  }

  async head(...args: [key: string]): Promise<R2Object | null> {
    const object = await unwrap('head', this.#service.head(keyOf('head', args)))
    return object && new CairnObject(object)
  }

  get(key: string, options: R2GetOptions & { onlyIf: R2Conditional | Headers }): Promise<R2ObjectBody | R2Object | null>
  get(key: string, options?: R2GetOptions): Promise<R2ObjectBody | null>
  async get(...args: [key: string, options?: R2GetOptions]): Promise<R2ObjectBody | null> {
    const got = await unwrap('get', this.#service.get(keyOf('get', args), readGetOptions(args[1])))
    if (got === null) return null
    // There is no body if a condition failed. The overloads declare that; the type of this signature cannot.
    return got.body === undefined ? (new CairnObject(got.object) as R2ObjectBody) : new CairnObjectBody(got.object, got.body)
  }

  put(key: string, value: UploadBody, options?: R2PutOptions & { onlyIf: R2Conditional | Headers }): Promise<R2Object | null>
  put(key: string, value: UploadBody, options?: R2PutOptions): Promise<R2Object>
  async put(...args: [key: string, value: UploadBody, options?: R2PutOptions]): Promise<R2Object> {
    const key = keyOf('put', args)
    const [, value = null, options] = args
    if (value !== null) checkBody(value, 'put', 'R2Bucket')
    const wanted = { op: 'put', key, options: readPutOptions(options) } as const
    const object = await upload<WireObject | null>(this.#service, 'put', wanted, value)
    return (object && new CairnObject(object)) as R2Object
  }

  async delete(...args: [keys: string | string[]]): Promise<void> {
    const [keys] = args
    if (!args.length) throw wrongArgument('delete', 'R2Bucket', 1, 'string or Array')
    await unwrap('delete', this.#service.delete(Array.isArray(keys) ? keys.map(String) : [String(keys)]))
  }

  async list(options?: R2ListOptions): Promise<R2Objects> {
    const { objects, delimitedPrefixes, cursor } = await unwrap('list', this.#service.list(readListOptions(options)))
    const listed = { objects: objects.map((object) => new CairnObject(object)), truncated: cursor !== undefined, cursor }
    return { ...listed, delimitedPrefixes: [...delimitedPrefixes] } as R2Objects
  }

  async createMultipartUpload(...args: [key: string, options?: R2MultipartOptions]): Promise<R2MultipartUpload> {
    const key = keyOf('createMultipartUpload', args)
    const created = this.#service.createMultipartUpload(key, readCreateOptions(args[1]))
    return new CairnMultipartUpload(this.#service, key, (await unwrap('createMultipartUpload', created)).uploadId)
  }

  /** Sends no request. If the upload does not exist, its first use fails. */
  resumeMultipartUpload(key: string, uploadId: string): R2MultipartUpload {
    return new CairnMultipartUpload(this.#service, String(key), String(uploadId))
  }
}

/** Converts a key as the runtime does: any argument that is present becomes a string. */
function keyOf(method: string, args: readonly unknown[]): string {
  if (args.length === 0) throw wrongArgument(method, 'R2Bucket', 1, 'string')
  return String(args[0])
}
