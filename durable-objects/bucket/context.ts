import type { BucketRef } from '../../src/core/object.ts'
import type { Change } from '../common/audit-outbox.ts'
import type { Context } from '../keyspace/context.ts'

/** The notes of a transaction for the account: they are rows of that transaction, and reach the account behind it. */
export interface AccountNotes {
  /** The row in the account's index of buckets has to follow the bucket. */
  readonly indexChanged: (bucket: BucketRef) => void
  /** A change of the configuration goes into the audit log. */
  readonly audit: (change: Change) => void
}

/** The context of calls that the whole bucket is asked, and none of its shards. */
export interface BucketContext extends Context {
  readonly account: AccountNotes
}
