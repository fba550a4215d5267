import { risingId } from './ids.ts'
import type { Jurisdiction } from './object.ts'

/** Every action on the configuration, and what kind of change it is. Reading and writing objects is not logged, as on R2. */
export const AUDITED = {
  CreateBucket: 'create',
  DeleteBucket: 'delete',
  PutBucketStorageClass: 'update',
  PutBucketCors: 'update',
  DeleteBucketCors: 'delete',
  PutBucketLifecycleConfiguration: 'update',
  DeleteBucketLifecycleConfiguration: 'delete',
  PutBucketLockConfiguration: 'update',
  DeleteBucketLockConfiguration: 'delete',
  PutBucketNotificationConfiguration: 'update',
  DeleteBucketNotificationConfiguration: 'delete',
  ChangeBucketVisibility: 'update',
  AddCustomDomain: 'create',
  UpdateCustomDomain: 'update',
  RemoveCustomDomain: 'delete',
  RepairBucket: 'update',
  ImportBucket: 'update',
  RecoverBucket: 'update',
  CreateToken: 'create',
  UpdateToken: 'update',
  RollToken: 'update',
  DeleteToken: 'delete',
} as const

export type AuditAction = keyof typeof AUDITED

/** Who asked for a change, and from where. Holds nothing secret: no query, since a presigned one carries its signature. */
export interface Actor {
  readonly tokenId: string
  readonly tokenName: string
  readonly ip?: string
  readonly face: 'API' | 'S3'
  readonly method: string
  readonly path: string
  readonly userAgent?: string
  readonly rayId?: string
}

/** What was changed. */
export interface AuditedResource {
  readonly type: 'r2.bucket' | 'token'
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
  readonly resource: AuditedResource
  readonly oldValue?: unknown
  readonly newValue?: unknown
}

/** Whoever does not say who it is: never a face. */
const SYSTEM: Actor = { tokenId: '', tokenName: 'system', face: 'API', method: '', path: '' }

/** Makes an entry of a change that is about to be written. */
export const auditEntry = ({ by = SYSTEM, ...entry }: Omit<AuditEntry, 'id' | 'by'> & { readonly by?: Actor }): AuditEntry => ({
  id: risingId(entry.whenMs),
  by,
  ...entry,
})
