import type { ObjectCall } from '../call.ts'

/** Returns 204 even if the object did not exist. Ignores conditional headers, as R2 does. */
export async function deleteObject({ store, at }: ObjectCall): Promise<Response> {
  await store.deleteObject(at)
  return new Response(null, { status: 204 })
}
