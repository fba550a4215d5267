import type { Env } from './env.ts'
import { bindingEntrypoint } from './faces/binding/entrypoint.ts'
import { deploymentOf, handle } from './gateway.ts'
import { finishBody } from './http/request-body.ts'
import { releaseMemory } from './http/request-memory.ts'

export { Bucket } from '../durable-objects/bucket/bucket.ts'
export { Job } from '../durable-objects/job/job.ts'

/** What other Workers bind to: `props` name the bucket and what they may do with it. */
export class BucketBinding extends bindingEntrypoint(deploymentOf) {}

/** Whoever answers, and however early: the client can read it. */
async function answer(request: Request, env: Env): Promise<Response> {
  try {
    return await handle(request, env)
  } finally {
    releaseMemory(request)
    await finishBody(request)
  }
}

export default { fetch: answer } satisfies ExportedHandler<Env>
