import * as z from 'zod'
import type { AuditAction } from '../../core/audit.ts'
import { invalidArgument } from '../../core/errors.ts'
import { type BucketRef, JURISDICTIONS } from '../../core/object.ts'
import type { Step } from '../../core/step.ts'
import { schemaMessage } from '../../http/schema-messages.ts'
import type { FsckCursor } from '../../store/maintenance/fsck.ts'
import type { AdminPorts } from './dispatch.ts'

/** The change that a step made, for the audit log. */
export interface AdminChange {
  readonly action: AuditAction
  readonly bucket: BucketRef
  readonly newValue: unknown
}

/** One row of the admin face: validates the body of a request and runs the operation. */
export type Operation = (ports: AdminPorts, body: unknown) => Promise<{ readonly answer: unknown; readonly change?: AdminChange }>

/** The most blobs that one search for objects takes. */
const BLOB_IDS = 1000

const jurisdiction = z.enum(JURISDICTIONS).default('default')
const bucket = { bucket: z.string(), jurisdiction }
const count = z.number().int().nonnegative()
const tier = z.string().regex(/^(kv|d1:\d+)$/)

const blobsWalk = { after: z.string().optional(), upTo: z.string().optional(), from: count.optional() }

/** The cursor of a check: the one that the previous step returned. */
const fsckCursor = z.discriminatedUnion('at', [
  z.object({ at: z.literal('metadata'), run: z.object({ id: z.string(), step: count }) }),
  z.object({ at: z.literal('segments'), ...blobsWalk }),
  z.object({ at: z.literal('bytes'), ...blobsWalk }),
  z.object({ at: z.literal('orphans'), tier: tier.optional(), after: z.string().optional() }),
]) as z.ZodType<FsckCursor>
/** The cursor of an export: the next step continues where the previous one ended. */
const exportCursor = z.object({
  lines: count,
  walk: z.enum(['upload', 'part', 'object']),
  after: z
    .array(z.union([z.string(), z.number()]))
    .min(1)
    .max(2),
  body: z.object({ ownerId: z.string(), end: count, size: count }).optional(),
})
const recoverTo = z.union([z.object({ timeMs: count }).strict(), z.object({ bookmark: z.string().min(1) }).strict()])
const fsckBody = z.object({ repair: z.boolean().default(false), oldLabels: z.boolean().default(false), cursor: fsckCursor.optional() })

/** Makes a row with a schema for its body. `changed` derives from the answer what the step changed, if anything. */
function operation<T, A>(
  schema: z.ZodType<T>,
  run: (ports: AdminPorts, body: T) => Promise<A>,
  changed?: (body: T, answer: A) => AdminChange | undefined,
): Operation {
  return async (ports, body) => {
    const parsed = schema.safeParse(body, { error: schemaMessage })
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      throw invalidArgument(`${issue?.path.join('.') || 'The body'} ${issue?.message}.`)
    }
    const answer = await run(ports, parsed.data)
    return { answer, change: changed?.(parsed.data, answer) }
  }
}

const refOf = ({ bucket, jurisdiction }: { bucket: string; jurisdiction: (typeof JURISDICTIONS)[number] }) => ({
  jurisdiction,
  name: bucket,
})

/** All operations for operators, by the last segment of their paths. */
export const ADMIN_OPERATIONS: Readonly<Record<string, Operation>> = {
  /** Lists one page of the buckets of a jurisdiction, by name. */
  buckets: operation(z.object({ jurisdiction, cursor: z.string().optional() }), async ({ store }, { jurisdiction, cursor }) => {
    const { buckets, truncated } = await store.listBuckets({ jurisdiction, startAfter: cursor, limit: 1000 })
    const names = buckets.map(({ name }) => name)
    return { report: names, next: truncated ? names.at(-1) : undefined } satisfies Step<string, readonly string[]>
  }),
  fsck: operation(
    fsckBody.extend({ ...bucket, deep: z.boolean().default(false), skipOrphans: z.boolean().default(false) }),
    ({ store }, { repair, oldLabels, cursor, deep, skipOrphans, ...at }) =>
      store.fsck(refOf(at), { repair, oldLabels, cursor, deep, skipOrphans }),
    (at, { report }) => {
      const repaired = report.findings.filter((finding) => finding.repaired)
      return repaired.length === 0 ? undefined : { action: 'RepairBucket', bucket: refOf(at), newValue: { repaired } }
    },
  ),
  'fsck-orphans': operation(fsckBody.extend({ gone: z.object(bucket).optional() }), ({ store }, { gone, ...options }) =>
    store.fsckOrphans({ ...options, gone: gone && refOf(gone) }),
  ),
  export: operation(z.object({ ...bucket, cursor: exportCursor.optional() }), ({ store }, { cursor, ...at }) =>
    store.exportBucket(refOf(at), cursor),
  ),
  import: operation(
    z.object({ ...bucket, text: z.string() }),
    ({ store }, { text, ...at }) => store.importBucket(refOf(at), text),
    (at, { report: { lines }, next }) =>
      next === undefined ? { action: 'ImportBucket', bucket: refOf(at), newValue: { lines } } : undefined,
  ),
  /** Finds the objects that damaged blobs belong to. */
  'keys-of': operation(
    z.object({ ...bucket, blobIds: z.array(z.string()).max(BLOB_IDS), cursor: z.string().default('') }),
    ({ store }, { blobIds, cursor, ...at }) => store.keysOf(refOf(at), { blobIds, after: cursor }),
  ),
  /** Wraps data keys with the current master key. */
  rotate: operation(z.object({ ...bucket, cursor: z.string().optional() }), ({ store }, { cursor, ...at }) =>
    store.rotateKeys(refOf(at), cursor),
  ),
  'rotate-tokens': operation(z.object({ cursor: z.string().optional() }), ({ control }, { cursor }) => control.rotateTokens(cursor)),
  /** Seals the secrets of active jobs with the current master key: there are few of them. */
  'rotate-jobs': operation(z.object({ cursor: z.undefined().optional() }), async ({ jobs }) => ({ report: await jobs.reseal() })),
  /** Recovers a bucket's metadata to a point in time. */
  recover: operation(
    z.object({ ...bucket, to: recoverTo }),
    async ({ store }, { to, ...at }) => ({ undo: await store.recoverBucket(refOf(at), to) }),
    ({ to, ...at }, { undo }) => ({ action: 'RecoverBucket', bucket: refOf(at), newValue: { to, undo } }),
  ),
}
