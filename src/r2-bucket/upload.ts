import { unwrap, wrongArgument } from './outcome'
import { type BindingApi, UPLOAD_HEADER, type WireOutcome, type WireUpload } from './wire'

/** What the methods that store bytes take. */
export type UploadBody = ReadableStream | ArrayBuffer | ArrayBufferView | string | null | Blob

/** Sends the bytes of a put or a part: streamed as they come, whatever they are. */
export async function upload<T>(service: BindingApi, method: string, wanted: WireUpload, body: UploadBody): Promise<T> {
  const response = await service.fetch(uploadRequest(wanted, body))
  return unwrap<T>(method, response.json<WireOutcome<T>>())
}

/** @throws TypeError for a stream that somebody else reads, or has read. */
function uploadRequest(wanted: WireUpload, body: UploadBody): Request {
  const headers = { [UPLOAD_HEADER]: encodeURIComponent(JSON.stringify(wanted)) }
  try {
    // An empty array has a length; no body at all has none.
    return new Request('https://cairn/', { method: 'PUT', headers, body: (body ?? new Uint8Array(0)) as BodyInit })
  } catch (error) {
    throw body instanceof ReadableStream ? new TypeError('The ReadableStream has been locked to a reader.') : error
  }
}

/** @throws TypeError for what no body can be made of. */
export function checkBody(body: unknown, method: string, on: string): void {
  if (typeof body === 'string' || body instanceof ReadableStream || body instanceof Blob) return
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return
  throw wrongArgument(method, on, 2, 'JsReadableStream or ArrayBuffer or ArrayBufferView or string or Blob')
}
