import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { risingId } from './ids.ts'
import { LIMITS } from './limits.ts'
import type { Jurisdiction } from './object.ts'
import { SETTING_ACTIONS } from './settings.ts'

/** Every action on the configuration, and the kind of change that it is. As on R2, reads and writes of objects are not logged. */
export const AUDITED = {
  CreateBucket: 'create',
  DeleteBucket: 'delete',
  PutBucketStorageClass: 'update',
  ...SETTING_ACTIONS,
  PutBucketSippy: 'update',
  DeleteBucketSippy: 'delete',
  ChangeBucketVisibility: 'update',
  AddCustomDomain: 'create',
  UpdateCustomDomain: 'update',
  RemoveCustomDomain: 'delete',
  StartJob: 'create',
  PauseJob: 'update',
  ResumeJob: 'update',
  CancelJob: 'delete',
  DeleteJob: 'delete',
  RepairBucket: 'update',
  ImportBucket: 'update',
  RecoverBucket: 'update',
  CreateToken: 'create',
  UpdateToken: 'update',
  RollToken: 'update',
  DeleteToken: 'delete',
  CreateTemporaryCredentials: 'create',
} as const

export type AuditAction = keyof typeof AUDITED

/** Who requested a change, and from where. It contains no secret: the query is left out, since that of a presigned URL has the signature. */
export interface Actor {
  readonly tokenId: string
  readonly tokenName: string
  /** The id of the temporary credentials that were used, if any. The token is then their parent. */
  readonly sessionId?: string
  readonly ip?: string
  readonly face: 'API' | 'S3'
  readonly method: string
  readonly path: string
  readonly userAgent?: string
  readonly rayId?: string
}

/** Who created temporary credentials over the API. */
export interface Minter {
  readonly tokenId: string
  readonly tokenName: string
}

/** The resource that was changed. */
export interface AuditedResource {
  /** `session` means temporary credentials. */
  readonly type: 'r2.bucket' | 'token' | 'session'
  readonly id: string
  readonly jurisdiction?: Jurisdiction
}

/** One line of the audit log. */
export interface AuditEntry {
  /** 32 hex digits that rise with time. An entry that is written twice is stored once. */
  readonly id: string
  readonly whenMs: number
  readonly action: AuditAction
  readonly by: Actor
  /** Who created the session that made the change, read from the log itself. Absent for a session that a client signed without the API. */
  readonly mintedBy?: Minter
  readonly resource: AuditedResource
  readonly oldValue?: unknown
  readonly newValue?: unknown
}

/** The actor of a change for which the caller names none; a face always names one. */
const SYSTEM: Actor = { tokenId: '', tokenName: 'system', face: 'API', method: '', path: '' }

/** Makes the log entry of a change that is about to be written. */
export const auditEntry = ({ by = SYSTEM, ...entry }: Omit<AuditEntry, 'id' | 'by'> & { readonly by?: Actor }): AuditEntry =>
  shortened({ id: risingId(entry.whenMs), by, ...entry })

/** Stored in place of a value that is too long for the log: enough to see the kind of value and to recognise the value. */
export interface LongValue {
  readonly truncated: true
  /** The length of its JSON. */
  readonly bytes: number
  /** SHA-256 of its JSON, in hex; absent where an earlier version stored the value whole. */
  readonly sha256?: string
  /** The first bytes of its JSON. */
  readonly beginning: string
}

/** Shortens the values of an entry for the log: earlier versions made entries of any length. A second call changes nothing. */
export const shortened = ({ oldValue, newValue, ...entry }: AuditEntry): AuditEntry => ({
  ...entry,
  oldValue: shortValue(oldValue),
  newValue: shortValue(newValue),
})

function shortValue(value: unknown): unknown {
  if (value === undefined || isLongValue(value)) return value
  const json = Buffer.from(JSON.stringify(value))
  const limit = LIMITS.auditValueBytes
  if (json.byteLength <= limit) return value
  const sha256 = createHash('sha256').update(json).digest('hex')
  // In stream mode the decoder leaves out a character that is cut in two.
  const beginning = new TextDecoder().decode(json.subarray(0, limit), { stream: true })
  return { truncated: true, bytes: json.byteLength, sha256, beginning } satisfies LongValue
}

const isLongValue = (value: unknown): boolean => typeof value === 'object' && (value as LongValue | null)?.truncated === true
