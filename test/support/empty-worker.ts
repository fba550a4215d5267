import { DurableObject } from 'cloudflare:workers'

/** Stands in for src/index.ts until that file exists, so that the modules beside it can be tested. */
export class Bucket extends DurableObject {}
export default { fetch: () => new Response(null, { status: 501 }) }
