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
  /** Extents that one body may have. A copy of an object of 10,000 parts, made with 10,000 ranges, has up to twice as many extents. */
  extents: 20_000,
  /** Every part but the last is at least this long. */
  partMinBytes: 5 * MIB,
  listMax: 1000,
  deleteMax: 1000,
  /** Bodies of XML: 1,000 keys of 1 KiB fit. Only the list that completes an upload may be longer: 10,000 parts with every kind of checksum. */
  xmlBodyBytes: 2 * MIB,
  completionBytes: 8 * MIB,
  /** Memory that the requests of one isolate may hold at once. docs/design/bytes.md has the calculation. */
  isolateBytes: 64 * MIB,
  /** The most bytes around the file of an upload form: of the fields and delimiters in front of it, and of those behind it. */
  formFieldBytes: 20 * KIB,
  lifecycleRules: 1000,
  /** Transitions of one rule. All lead to Infrequent Access, so only the earliest takes effect, but clients write a second one. */
  lifecycleTransitions: 2,
  /** S3's limit: 2^31 - 1 days. */
  lifecycleAgeSeconds: 2_147_483_647 * 86_400,
  /** S3's limits of tags. The length of a key or a value is in UTF-16 units. */
  objectTags: 10,
  bucketTags: 50,
  tagKey: 128,
  tagValue: 256,
  lockRules: 1000,
  /** About 3,000 years, longer than any real lock. */
  lockAgeSeconds: 100_000_000_000,
  /** The length of a bucket's lifecycle, lock or notification rules as JSON. Every write reads them; 1,000 rules of 250 bytes fit. */
  rulesBytes: 256 * KIB,
  /** The length of a value in the audit log, as JSON. Of a longer value the log stores the beginning and a digest. */
  auditValueBytes: 8 * KIB,
  /** The number of event notification rules of a bucket, and the length of a rule's description. */
  notificationRules: 100,
  ruleDescription: 1024,
  /** The limits of one `sendBatch` to a queue. https://developers.cloudflare.com/queues/platform/limits/ */
  queueBatchMessages: 100,
  queueBatchBytes: 256_000,
  /** How many messages may wait for a queue that refuses them, and for how long. Queues itself keeps a message as long by default. */
  pendingEvents: 100_000,
  eventLifeMs: 4 * 86_400_000,
  customDomains: 50,
  /** Jobs of one bucket that run at the same time. */
  runningJobs: 10,
  /** Clock skew allowed to a signed request. */
  skewMs: 15 * 60_000,
  presignSeconds: 604_800,
  /** Names in `SignedHeaders`, not counting `x-amz-meta-*`. */
  signedHeaders: 64,
  /** `x-amz-meta-*` names in `SignedHeaders`. 8 KiB of metadata have fewer names, unless a name and its value take four bytes or less. */
  signedMetadata: 2048,
  /** How much of the canonical request the answer to a wrong signature shows. */
  canonicalEcho: 4 * KIB,
  /** The length of an error that the S3 face prints. */
  errorBytes: 8 * KIB,
  /** After this time the default lifecycle rule aborts an open upload. The record of a finished upload is kept as long. */
  uploadLifeMs: 7 * 86_400_000,
  /** The minimum storage duration of Infrequent Access. */
  infrequentAccessDays: 30,
  /** The largest value in SQLite and in KV. Production enforces these limits; a local server may not. */
  sqliteValueBytes: 1_900_000,
  kvValueBytes: 25 * MIB,
  /** KV operations that one request may make. https://developers.cloudflare.com/kv/platform/limits/ */
  kvOperations: 1000,
  /** The size of one D1 database on a paid plan. */
  d1DatabaseBytes: 10_000_000_000,
  rpcBytes: 32 * MIB,
} as const
