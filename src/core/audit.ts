import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { risingId } from './ids.ts'
import { LIMITS } from './limits.ts'
import type { Jurisdiction } from './object.ts'
import { SETTING_ACTIONS } from './settings.ts'

/** Every action on the configuration, and what kind of change it is. Reading and writing objects is not logged, as on R2. */
export const AUDITED = {
  CreateBucket: 'create',
  DeleteBucket: 'delete',
  PutBucketStorageClass: 'update',
  ...SETTING_ACTIONS,
  ChangeBucketVisibility: 'update',
  AddCustomDomain: 'create',
  UpdateCustomDomain: 'update',
  RemoveCustomDomain: 'delete',
  StartJob: 'create',
  PauseJob: 'update',
  ResumeJob: 'update',
  CancelJob: 'delete',
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

/** Who asked for a change, and from where. Holds nothing secret: no query, since a presigned one carries its signature. */
export interface Actor {
  readonly tokenId: string
  readonly tokenName: string
  /** Of temporary credentials: which of them. The token is their parent. */
  readonly sessionId?: string
  readonly ip?: string
  readonly face: 'API' | 'S3'
  readonly method: string
  readonly path: string
  readonly userAgent?: string
  readonly rayId?: string
}

/** Who made temporary credentials over the API. */
export interface Minter {
  readonly tokenId: string
  readonly tokenName: string
}

/** What was changed. */
export interface AuditedResource {
  /** `session`: temporary credentials. */
  readonly type: 'r2.bucket' | 'token' | 'session'
  readonly id: string
  readonly jurisdiction?: Jurisdiction
}

/** One line of the audit log. */
export interface AuditEntry {
  /** 32 hex digits that rise with time: writing an entry twice leaves one. */
  readonly id: string
  readonly whenMs: number
  readonly action: AuditAction
  readonly by: Actor
  /** Read from the log itself, for what a session did. Absent for sessions that their parent signed without asking anybody. */
  readonly mintedBy?: Minter
  readonly resource: AuditedResource
  readonly oldValue?: unknown
  readonly newValue?: unknown
}

/** Whoever does not say who it is: never a face. */
const SYSTEM: Actor = { tokenId: '', tokenName: 'system', face: 'API', method: '', path: '' }

/** Makes an entry of a change that is about to be written. */
export const auditEntry = ({ by = SYSTEM, ...entry }: Omit<AuditEntry, 'id' | 'by'> & { readonly by?: Actor }): AuditEntry =>
  shortened({ id: risingId(entry.whenMs), by, ...entry })

/** What the log keeps of a value that is too long for it: enough to see the kind of it, and to recognise it. */
export interface LongValue {
  readonly truncated: true
  /** Of its JSON. */
  readonly bytes: number
  /** SHA-256 of its JSON, in hex; absent where an earlier version stored the value whole. */
  readonly sha256?: string
  /** Of its JSON. */
  readonly beginning: string
}

/** An entry whose values are short enough for the log. Earlier versions made entries of any length; again, it changes nothing. */
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
  // As a stream, the decoder leaves out a character that is cut in two.
  const beginning = new TextDecoder().decode(json.subarray(0, limit), { stream: true })
  return { truncated: true, bytes: json.byteLength, sha256, beginning } satisfies LongValue
}

const isLongValue = (value: unknown): boolean => typeof value === 'object' && (value as LongValue | null)?.truncated === true
