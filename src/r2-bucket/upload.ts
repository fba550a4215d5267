import { unwrap, wrongArgument } from './outcome'
import { type BindingApi, UPLOAD_HEADER, type WireOutcome, type WireUpload } from './wire'

/** The bodies that the methods accept that store bytes. */
export type UploadBody = ReadableStream | ArrayBuffer | ArrayBufferView | string | null | Blob

/** Sends the bytes of a put or a part. A stream is sent while it is read. */
export async function upload<T>(service: BindingApi, method: string, wanted: WireUpload, body: UploadBody): Promise<T> {
  const response = await service.fetch(uploadRequest(wanted, body))
  return unwrap<T>(method, response.json<WireOutcome<T>>())
}

/** @throws TypeError for a stream that is locked or already read. */
function uploadRequest(wanted: WireUpload, body: UploadBody): Request {
  const headers = { [UPLOAD_HEADER]: encodeURIComponent(JSON.stringify(wanted)) }
  try {
    // An empty array instead of no body: only with a body is there a Content-Length.
    return new Request('https://cairn/', { method: 'PUT', headers, body: (body ?? new Uint8Array(0)) as BodyInit })
  } catch (error) {
    throw body instanceof ReadableStream ? new TypeError('The ReadableStream has been locked to a reader.') : error
  }
}

/** @throws TypeError for a value that cannot be a body. */
export function checkBody(body: unknown, method: string, on: string): void {
  if (typeof body === 'string' || body instanceof ReadableStream || body instanceof Blob) return
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return
  throw wrongArgument(method, on, 2, 'JsReadableStream or ArrayBuffer or ArrayBufferView or string or Blob')
}
