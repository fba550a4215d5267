import { Bucket as StoredBucket } from '../../durable-objects/bucket/bucket.ts'
import { Job as StoredJob } from '../../durable-objects/job/job.ts'
import type { Env } from '../env.ts'
import real from '../index.ts'
import { currentEnv, sparing } from './current-env.ts'
import { resettable } from './resettable-object.ts'

// The Worker that `cairn/local` runs: the real one, and beside it the entrypoint ResetControl, which has a socket of its own. Requests
// reach the same code as in a deployment.

export { ResetControl } from './control.ts'

/** The classes keep their names: the names of classes decide where a data folder holds their objects. */
export class Bucket extends resettable(StoredBucket, 'BUCKETS', sparing) {}
export class Job extends resettable(StoredJob, 'JOBS', sparing) {}

export default {
  fetch: (request, env) => real.fetch(request as never, currentEnv(env)),
} satisfies ExportedHandler<Env>
