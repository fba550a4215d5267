const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const TIB = 1024 * GIB

/** R2's limits and the platform's, in bytes, milliseconds and counts. https://developers.cloudflare.com/r2/platform/limits/ */
export const LIMITS = {
  keyBytes: 1024,
  metadataSize: 8192,
  bucketNameMin: 3,
  bucketNameMax: 63,
  /** Largest body of one PutObject or UploadPart. */
  uploadBytes: 5 * GIB - 5 * MIB,
  /** Largest body of an upload over the REST API: 300 MB in the documentation, MiB in wrangler. */
  restUploadBytes: 300 * MIB,
  objectBytes: 5 * TIB - 5 * GIB,
  partMin: 1,
  partMax: 10_000,
  /** Slices that one body may be made of: a copy of R2's largest object, in as many ranges as it has parts, has twice their number. */
  extents: 20_000,
  /** Every part but the last is at least this long. */
  partMinBytes: 5 * MIB,
  listMax: 1000,
  deleteMax: 1000,
  /** 1,000 keys of 1 KiB; the list of 10,000 parts alone may be longer, each with a checksum of every kind. */
  xmlBodyBytes: 2 * MIB,
  completionBytes: 8 * MIB,
  /** What the requests of an isolate may hold at once: docs/design/bytes.md counts it. */
  isolateBytes: 64 * MIB,
  lifecycleRules: 1000,
  /** Of one rule, which can only lead to Infrequent Access: the second one is never reached, but clients write it. */
  lifecycleTransitions: 2,
  /** S3's: 2^31 - 1 days. */
  lifecycleAgeSeconds: 2_147_483_647 * 86_400,
  lockRules: 1000,
  /** Some thousand years: longer than any date. */
  lockAgeSeconds: 100_000_000_000,
  /** Of a bucket's lifecycle, lock or notification rules as JSON: every write reads them, and a thousand of 250 bytes fit. */
  rulesBytes: 256 * KIB,
  /** Of a value in the audit log, as JSON: of a longer one it has the beginning and a digest. */
  auditValueBytes: 8 * KIB,
  /** Event notification rules of a bucket, and how long the description of one may be. */
  notificationRules: 100,
  ruleDescription: 1024,
  /** Of one `sendBatch` to a queue. https://developers.cloudflare.com/queues/platform/limits/ */
  queueBatchMessages: 100,
  queueBatchBytes: 256_000,
  /** Messages that wait for a queue which refuses them, and for how long: as long as Queues keep one by default. */
  pendingEvents: 100_000,
  eventLifeMs: 4 * 86_400_000,
  customDomains: 50,
  /** Clock skew allowed to a signed request. */
  skewMs: 15 * 60_000,
  presignSeconds: 604_800,
  /** Names in `SignedHeaders`, without `x-amz-meta-*`. */
  signedHeaders: 64,
  /** Of `x-amz-meta-*` there: more than 8 KiB of metadata hold, unless names and values are of two characters each. */
  signedMetadata: 2048,
  /** Of a canonical request, how much a client is shown whose signature does not match. */
  canonicalEcho: 4 * KIB,
  /** Of a failure as the S3 face tells it. */
  errorBytes: 8 * KIB,
  /** How long uploads stay open by the default lifecycle rule, and how long finished ones are remembered. */
  uploadLifeMs: 7 * 86_400_000,
  /** The minimum storage duration of Infrequent Access. */
  infrequentAccessDays: 30,
  /** What production enforces and a local server may not. */
  sqliteValueBytes: 1_900_000,
  kvValueBytes: 25 * MIB,
  /** Operations of KV that one request may make. https://developers.cloudflare.com/kv/platform/limits/ */
  kvOperations: 1000,
  /** Of one D1 database on a paid plan. */
  d1DatabaseBytes: 10_000_000_000,
  rpcBytes: 32 * MIB,
} as const
