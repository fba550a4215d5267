import type { BucketRef, Location } from '../core/object.ts'
import type { Queues } from '../queues/queues.ts'
import type { Segments } from '../segments/store.ts'
import type { Sources } from '../sources/sources.ts'
import type { BucketApi } from './bucket-api.ts'

/** Everything that the engine depends on: the Buckets, the segment stores, the index of buckets, the queues. */
export interface Ports {
  /** Returns the stub of a bucket, even if the bucket does not exist. The first call ever decides where the Durable Object lives. */
  readonly bucket: (ref: BucketRef, location?: Location) => BucketApi
  readonly segments: Segments
  readonly control: D1Database
  /** The queues that can receive event notifications. */
  readonly queues: Queues
  readonly sippy: SippyPorts
}

/** Everything that Sippy needs besides. */
export interface SippyPorts {
  readonly sources: Sources
  /** Whether a copy keeps the system metadata of its source. */
  readonly keepsHttpMetadata: boolean
  /** Throws when the databases are not this deployment's: a read may go on, but a copy would write into them. */
  readonly ready: () => Promise<void>
  /** Counts a read that the source answered, or an object that was copied. */
  readonly note: (bucket: BucketRef, what: 'served' | 'copied', bytes: number) => void
  /** Keeps the invocation alive until a copy behind the response is done. */
  readonly keepAlive: (work: Promise<unknown>) => void
  /** A new id for the job that copies large objects into a bucket. */
  readonly newJobId: (bucket: BucketRef) => string
  /** Makes sure that this job of the bucket exists. Returns false if it has ended, or stopped after failures. */
  readonly startJob: (bucket: BucketRef, id: string) => Promise<boolean>
}
