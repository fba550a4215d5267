import { StoreError } from '../../src/core/errors.ts'

/** How SQLite and the platform say that a database is full. */
const FULL = /SQLITE_FULL|database or disk is full|exceeded (the )?(maximum )?(storage|database) size/i

/** The error that a client gets when a transaction failed because the database is full; undefined for any other failure. */
export function storageFull(error: unknown): StoreError | undefined {
  if (error instanceof StoreError || !FULL.test(String(error))) return undefined
  const message =
    "The bucket's metadata fills its Durable Object, which holds 10 GB. Nothing was changed. Delete objects, or use another bucket for new ones."
  const full = new StoreError('ServiceUnavailable', { status: 507, message })
  full.cause = error
  return full
}
