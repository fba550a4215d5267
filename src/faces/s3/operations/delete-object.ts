import type { ObjectCall } from '../call.ts'
import { readDeleteConditions } from '../delete-conditions.ts'

/** Returns 204 even if the object did not exist. A condition that needs an object is a 404 without one, as on S3. */
export async function deleteObject({ headers, store, at, config }: ObjectCall): Promise<Response> {
  await store.deleteObject(at, readDeleteConditions(headers, config))
  return new Response(null, { status: 204 })
}
