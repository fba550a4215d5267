import { type Actor, type AuditAction, type AuditEntry, auditEntry, shortened } from '../../src/core/audit.ts'
import type { BucketRef } from '../../src/core/object.ts'

/** How many entries one page has at most, and about how many bytes. Each entry is one statement of a D1 batch. */
const PAGE = 50
const PAGE_BYTES = 512 * 1024

/** The database and the clock of a Durable Object. */
interface Tables {
  readonly sql: SqlStorage
  readonly now: () => number
}

export interface Change {
  readonly action: AuditAction
  readonly bucket: BucketRef
  readonly by?: Actor
  readonly oldValue?: unknown
  readonly newValue?: unknown
}

/** Records a change for the audit log, in the transaction of the change itself. */
export function noteChange({ sql, now }: Tables, { action, bucket, by, oldValue, newValue }: Change): void {
  const resource = { type: 'r2.bucket', id: bucket.name, jurisdiction: bucket.jurisdiction } as const
  const entry = auditEntry({ whenMs: now(), action, by, resource, oldValue, newValue })
  sql.exec('INSERT INTO audit_outbox (id, entry) VALUES (?, ?)', entry.id, JSON.stringify(entry))
}

/** Whether any entry waits to be sent. */
export const hasEntries = (sql: SqlStorage): boolean => sql.exec('SELECT 1 FROM audit_outbox LIMIT 1').toArray().length > 0

/**
 * The next entries to send. Earlier versions wrote entries of up to 2 MB, and many of them may wait if D1 did not answer for a while. An
 * entry that is larger than a page is sent alone. Each entry is shortened to the length that the log takes.
 */
export function pendingEntries(sql: SqlStorage): AuditEntry[] {
  const ids = pageOf(sql)
  return ids.map((id) => {
    const { entry } = sql.exec<{ entry: string }>('SELECT entry FROM audit_outbox WHERE id = ?', id).one()
    return shortened(JSON.parse(entry) as AuditEntry)
  })
}

/** The ids of the entries of the next page. It needs the lengths of their texts, not the texts. */
function pageOf(sql: SqlStorage): string[] {
  const rows = sql
    .exec<{ id: string; bytes: number }>('SELECT id, octet_length(entry) AS bytes FROM audit_outbox ORDER BY id LIMIT ?', PAGE)
    .toArray()
  let total = 0
  const end = rows.findIndex(({ bytes }) => {
    total += bytes
    return total > PAGE_BYTES
  })
  return rows.slice(0, end < 0 ? undefined : Math.max(end, 1)).map(({ id }) => id)
}

/** Deletes entries that the audit log has received. */
export function dropEntries(sql: SqlStorage, entries: readonly AuditEntry[]): void {
  for (const { id } of entries) sql.exec('DELETE FROM audit_outbox WHERE id = ?', id)
}
