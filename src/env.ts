import type { SegmentBindings } from './segments/store.ts'

/** The Worker's bindings, as `wrangler.jsonc` and the secrets give them. */
export interface Env {
  readonly BUCKETS: DurableObjectNamespace
  readonly JOBS: DurableObjectNamespace
  readonly CONTROL: D1Database
  /** Segment databases; further ones are SEGMENTS_2, SEGMENTS_3 and so on. */
  readonly SEGMENTS: D1Database
  readonly SEGMENTS_KV: KVNamespace
  /** Requests to the managed URL of a public bucket; absent means no limit. */
  readonly PUBLIC_RATE_LIMIT?: RateLimit
  /** Requests for objects of custom domains that the cache does not answer, of one address; absent means no limit. */
  readonly DOMAIN_RATE_LIMIT?: RateLimit
  /** Look-ups of unknown names and credentials, of one address; absent means that only the limit of each isolate holds. */
  readonly STRANGER_RATE_LIMIT?: RateLimit

  /** Secrets: 32 hex digits; 32 hex digits; any text; base64 of 32 bytes. */
  readonly ACCOUNT_ID?: string
  readonly ROOT_TOKEN_ID?: string
  readonly ROOT_TOKEN?: string
  readonly MASTER_KEY?: string
  /** Further master keys, separated by commas: what they protect can be opened, and nothing new is sealed with them. */
  readonly OLD_MASTER_KEYS?: string
  /** Ids of master keys that are lost, separated by commas: that data is under them keeps nobody from writing. */
  readonly LOST_MASTER_KEYS?: string

  /** Secret: a token for the queues of a Cloudflare account. */
  readonly QUEUES_API_TOKEN?: string
  /** That account, when it has not the id of this deployment; and where its API is, when not at Cloudflare. */
  readonly QUEUES_ACCOUNT_ID?: string
  readonly QUEUES_API_BASE_URL?: string

  readonly R2_STRICT?: string
  /** The host that S3 clients use, when it is not a `workers.dev` host or `localhost`: enables virtual-hosted addresses. */
  readonly S3_HOST?: string
  /** Further hosts of the API, separated by commas; `npm run deploy` adds those of the routes. */
  readonly HOSTS?: string
  /** The e-mail address that the REST face gives for the owner of the deployment. */
  readonly OWNER_EMAIL?: string
  readonly AUDIT_RETENTION_DAYS?: string
  readonly INLINE_MAX_BYTES?: string
  readonly D1_MAX_BYTES?: string
  readonly SEGMENT_BYTES?: string
  readonly INLINE_BUDGET_BYTES?: string
  readonly D1_DATABASE_BYTES?: string
  readonly KV_OPERATIONS?: string
  readonly GARBAGE_GRACE_SECONDS?: string
}

/** Where the segments are. The list of databases is only ever appended to: a blob records its place in it. */
export function segmentBindings(env: Env): SegmentBindings {
  const d1 = [env.SEGMENTS]
  for (let next = furtherDatabase(env, 2); next; next = furtherDatabase(env, d1.length + 1)) d1.push(next)
  return { kv: env.SEGMENTS_KV, d1 }
}

const furtherDatabase = (env: Env, number: number) => Reflect.get(env, `SEGMENTS_${number}`) as D1Database | undefined
