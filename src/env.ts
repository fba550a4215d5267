import type { SegmentBindings } from './segments/store.ts'

/** The Worker's bindings and variables, from `wrangler.jsonc` and the secrets. */
export interface Env {
  readonly BUCKETS: DurableObjectNamespace
  readonly JOBS: DurableObjectNamespace
  readonly CONTROL: D1Database
  /** The first database of segments. Further ones are SEGMENTS_2, SEGMENTS_3 and so on. */
  readonly SEGMENTS: D1Database
  readonly SEGMENTS_KV: KVNamespace
  /** Limits requests to the managed URL of a public bucket. Absent means no limit. */
  readonly PUBLIC_RATE_LIMIT?: RateLimit
  /** Limits the cache misses of custom domains, by client address. Absent means no limit. */
  readonly DOMAIN_RATE_LIMIT?: RateLimit
  /** Limits look-ups of unknown names and credentials, by client address. Absent means that only each isolate's own limit applies. */
  readonly STRANGER_RATE_LIMIT?: RateLimit
  /** Limits how often a token makes temporary credentials. Absent means no limit. */
  readonly MINT_RATE_LIMIT?: RateLimit

  /** Secrets: 32 hex digits; 32 hex digits; any text; base64 of 32 bytes. */
  readonly ACCOUNT_ID?: string
  readonly ROOT_TOKEN_ID?: string
  readonly ROOT_TOKEN?: string
  readonly MASTER_KEY?: string
  /** Further master keys, separated by commas. They only open existing data: nothing new is sealed with them. */
  readonly OLD_MASTER_KEYS?: string
  /** Ids of master keys that are lost, separated by commas. Data that is still under them does not block writes. */
  readonly LOST_MASTER_KEYS?: string

  /** Secret: a token for the queues of a Cloudflare account. */
  readonly QUEUES_API_TOKEN?: string
  /** The id of that account, if it differs from ACCOUNT_ID; and the URL of its API, if it is not Cloudflare's. */
  readonly QUEUES_ACCOUNT_ID?: string
  readonly QUEUES_API_BASE_URL?: string

  readonly R2_STRICT?: string
  /** The host that S3 clients use, if it is neither a `workers.dev` host nor `localhost`. Enables virtual-hosted addresses. */
  readonly S3_HOST?: string
  /** Further hosts of the API, separated by commas. `npm run deploy` adds those of the routes. */
  readonly HOSTS?: string
  /** The e-mail address that the REST face reports for the owner of the deployment. */
  readonly OWNER_EMAIL?: string
  readonly AUDIT_RETENTION_DAYS?: string
  readonly ANALYTICS_SECONDS?: string
  readonly INLINE_MAX_BYTES?: string
  readonly D1_MAX_BYTES?: string
  readonly SEGMENT_BYTES?: string
  readonly INLINE_BUDGET_BYTES?: string
  readonly D1_DATABASE_BYTES?: string
  readonly KV_OPERATIONS?: string
  readonly GARBAGE_GRACE_SECONDS?: string
  /** The address that all requests come from. `npm run dev` sets it: the proxy of wrangler dev lets clients claim any address. */
  readonly CONNECTION_ADDRESS?: string
  /** Whether sources may be on this machine and in private networks. Local servers set it. */
  readonly SOURCES_LOCAL?: string
  /** Where AWS, R2 of Cloudflare and Google Cloud Storage are reached instead of at their own addresses. */
  readonly SOURCES_AWS_ENDPOINT?: string
  readonly SOURCES_R2_ENDPOINT?: string
  readonly SOURCES_GCS_ENDPOINT?: string
  readonly SOURCES_GCS_TOKEN_URL?: string
}

/** Returns the stores of segments. Only append to the list of databases: a blob records its index in it. */
export function segmentBindings(env: Env): SegmentBindings {
  const d1 = [env.SEGMENTS]
  for (let next = furtherDatabase(env, 2); next; next = furtherDatabase(env, d1.length + 1)) d1.push(next)
  return { kv: env.SEGMENTS_KV, d1 }
}

const furtherDatabase = (env: Env, number: number) => Reflect.get(env, `SEGMENTS_${number}`) as D1Database | undefined
