import type { BucketRef } from '../../src/core/object.ts'
import type { Change } from '../common/audit-outbox.ts'
import type { Context } from '../keyspace/context.ts'

/** Records for the account. They are rows of the transaction that makes them, and are sent to the account after it has committed. */
export interface AccountNotes {
  /** Records that the bucket's row in the account's index is out of date. */
  readonly indexChanged: (bucket: BucketRef) => void
  /** Records a change of the configuration for the audit log. */
  readonly audit: (change: Change) => void
}

/** The context of calls that concern the whole bucket rather than one shard. */
export interface BucketContext extends Context {
  readonly account: AccountNotes
}
