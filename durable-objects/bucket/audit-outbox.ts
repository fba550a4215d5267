import { type Actor, type AuditAction, type AuditEntry, auditEntry } from '../../src/core/audit.ts'
import type { BucketRef } from '../../src/core/object.ts'
import type { Context } from '../keyspace/context.ts'

/** How many entries go to the log at once. */
const PAGE = 50

export interface Change {
  readonly action: AuditAction
  readonly bucket: BucketRef
  readonly by?: Actor
  readonly oldValue?: unknown
  readonly newValue?: unknown
}

/** Notes a change for the audit log, in the transaction of the change itself. */
export function noteChange({ sql, now }: Context, { action, bucket, by, oldValue, newValue }: Change): void {
  const resource = { type: 'r2.bucket', id: bucket.name, jurisdiction: bucket.jurisdiction } as const
  const entry = auditEntry({ whenMs: now(), action, by, resource, oldValue, newValue })
  sql.exec('INSERT INTO audit_outbox (id, entry) VALUES (?, ?)', entry.id, JSON.stringify(entry))
}

/** The next entries to send on. */
export function pendingEntries(sql: SqlStorage): AuditEntry[] {
  const rows = sql.exec<{ entry: string }>('SELECT entry FROM audit_outbox LIMIT ?', PAGE).toArray()
  return rows.map(({ entry }) => JSON.parse(entry) as AuditEntry)
}

/** Forgets entries that the log has. */
export function dropEntries(sql: SqlStorage, entries: readonly AuditEntry[]): void {
  for (const { id } of entries) sql.exec('DELETE FROM audit_outbox WHERE id = ?', id)
}
