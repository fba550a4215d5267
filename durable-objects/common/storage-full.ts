import { StoreError } from '../../src/core/errors.ts'

/** SQLite's words, and the platform's. */
const FULL = /SQLITE_FULL|database or disk is full|exceeded (the )?(maximum )?(storage|database) size/i

/** What a transaction that found no room is to a client; undefined for any other failure. */
export function storageFull(error: unknown): StoreError | undefined {
  if (error instanceof StoreError || !FULL.test(String(error))) return undefined
  const message =
    "The bucket's metadata fills its Durable Object, which holds 10 GB. Nothing was changed. Delete objects, or use another bucket for new ones."
  const full = new StoreError('ServiceUnavailable', { status: 507, message })
  full.cause = error
  return full
}
