import { type BucketEntry, indexStatements, unindexStatements } from '../../src/control/buckets.ts'
import type { BucketRef } from '../../src/core/object.ts'

/** Writes a bucket's row into the account's index, as a Bucket does in its batch. */
export async function indexBucket(db: D1Database, bucket: BucketEntry): Promise<void> {
  await db.batch(indexStatements(db, bucket))
}

/** Deletes a bucket's row from the account's index, as a Bucket does in its batch. */
export async function unindexBucket(db: D1Database, ref: BucketRef): Promise<void> {
  await db.batch(unindexStatements(db, ref))
}
