import type { Env } from './env.ts'
import { bindingEntrypoint } from './faces/binding/entrypoint.ts'
import { deploymentOf, handle } from './gateway.ts'

export { Bucket } from '../durable-objects/bucket/bucket.ts'

/** What other Workers bind to: `props` name the bucket and what they may do with it. */
export class BucketBinding extends bindingEntrypoint(deploymentOf) {}

export default { fetch: handle } satisfies ExportedHandler<Env>
