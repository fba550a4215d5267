import type { Env } from './env.ts'
import { bindingEntrypoint } from './faces/binding/entrypoint.ts'
import { arrived, deploymentOf, handle } from './gateway.ts'
import { finishBody } from './http/request-body.ts'
import { releaseMemory } from './http/request-memory.ts'

export { Bucket } from '../durable-objects/bucket/bucket.ts'
export { Job } from '../durable-objects/job/job.ts'

/** The entrypoint that other Workers bind to. Their `props` name the bucket and the permission. */
export class BucketBinding extends bindingEntrypoint(deploymentOf) {}

/** Answers a request. Afterwards it reads the rest of the body, so that the client can read the response even if it came early. */
async function answer(sent: Request, env: Env): Promise<Response> {
  const request = arrived(sent, env)
  try {
    return await handle(request, env)
  } finally {
    releaseMemory(request)
    await finishBody(request)
  }
}

export default { fetch: answer } satisfies ExportedHandler<Env>
