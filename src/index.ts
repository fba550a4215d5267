import type { Env } from './env.ts'
import { handle } from './gateway.ts'

export { Bucket } from '../durable-objects/bucket/bucket.ts'

export default { fetch: handle } satisfies ExportedHandler<Env>
