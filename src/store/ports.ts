import type { BucketRef, Location } from '../core/object.ts'
import type { Queues } from '../queues/queues.ts'
import type { Segments } from '../segments/store.ts'
import type { BucketApi } from './bucket-api.ts'

/** What the engine works with: the Buckets, the segment stores, the index of buckets, the queues. */
export interface Ports {
  /** The stub of a bucket, whether it exists or not. The first call ever decides where the object lives. */
  readonly bucket: (ref: BucketRef, location?: Location) => BucketApi
  readonly segments: Segments
  readonly control: D1Database
  /** Where event notifications may go. */
  readonly queues: Queues
}
