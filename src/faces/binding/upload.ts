import type { Upload, UploadClaims } from '../../core/byte-source.ts'
import { byteSource } from '../../core/byte-sources.ts'
import { StoreError } from '../../core/errors.ts'
import { measureObject } from '../../core/operations.ts'
import { announcedLength } from '../../http/announced-length.ts'
import type { WireObject, WirePart, WireUpload } from '../../r2-bucket/wire.ts'
import { UPLOAD_HEADER } from '../../r2-bucket/wire.ts'
import { asNoSuchUpload, plainTypeError } from './failure.ts'
import { at, type BindingCall } from './operations.ts'
import { readCreateOptions, readOnlyIf, readSsecKey, toWire } from './values.ts'

/** Reads the upload's purpose from its header. */
export const readUploadHeader = (request: Request): WireUpload =>
  JSON.parse(decodeURIComponent(request.headers.get(UPLOAD_HEADER) ?? 'null')) as WireUpload

/** Stores the body of a request as an object or as a part. Returns null when a condition fails. */
export function storeUpload(call: BindingCall, wanted: WireUpload, request: Request): Promise<WireObject | WirePart | null> {
  return wanted.op === 'put' ? put(call, wanted, request) : uploadPart(call, wanted, request)
}

async function put(
  { store, grant, measure }: BindingCall,
  { key, options }: WireUpload & { op: 'put' },
  request: Request,
): Promise<WireObject | null> {
  const upload = readUpload(request, { hashes: options.hashes })
  try {
    const head = await store.putObject(at(grant, key), upload, { ...readCreateOptions(options), conditions: readOnlyIf(options.onlyIf) })
    measureObject(measure, head)
    return toWire(head)
  } catch (error) {
    if (error instanceof StoreError && error.code === 'PreconditionFailed') return null
    throw error
  }
}

async function uploadPart(call: BindingCall, wanted: WireUpload & { op: 'uploadPart' }, request: Request): Promise<WirePart> {
  const { key, uploadId, partNumber, ssecKey } = wanted
  const ref = { at: at(call.grant, key), uploadId, partNumber }
  try {
    const upload = readUpload(request, {})
    const { etag } = await call.store.uploadPart(ref, upload, readSsecKey(ssecKey))
    call.measure.objectBytes = upload.size
    return { partNumber, etag }
  } catch (error) {
    throw asNoSuchUpload(error)
  }
}

/** The runtime sends the length of a stream as `Content-Length`. R2 refuses a stream without a known length. */
function readUpload({ headers, body }: Request, claims: UploadClaims): Upload {
  const size = announcedLength(headers)
  if (size !== undefined) return { source: byteSource(body), size, claims }
  throw plainTypeError('Provided readable stream must have a known length (request/response body or readable half of FixedLengthStream)')
}
