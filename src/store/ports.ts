import type { BucketRef, Location } from '../core/object.ts'
import type { Queues } from '../queues/queues.ts'
import type { Segments } from '../segments/store.ts'
import type { BucketApi } from './bucket-api.ts'

/** Everything that the engine depends on: the Buckets, the segment stores, the index of buckets, the queues. */
export interface Ports {
  /** Returns the stub of a bucket, even if the bucket does not exist. The first call ever decides where the Durable Object lives. */
  readonly bucket: (ref: BucketRef, location?: Location) => BucketApi
  readonly segments: Segments
  readonly control: D1Database
  /** The queues that can receive event notifications. */
  readonly queues: Queues
}
