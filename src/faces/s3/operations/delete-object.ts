import type { ObjectCall } from '../call.ts'

/** 204 whether there was an object or not; conditional headers are ignored, as on R2. */
export async function deleteObject({ store, at }: ObjectCall): Promise<Response> {
  await store.deleteObject(at)
  return new Response(null, { status: 204 })
}
