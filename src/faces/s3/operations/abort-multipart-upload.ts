import type { ObjectCall } from '../call.ts'

export async function abortMultipartUpload({ url, store, at }: ObjectCall): Promise<Response> {
  await store.abortMultipartUpload(at, url.searchParams.get('uploadId') ?? '')
  return new Response(null, { status: 204 })
}
