import type { Usage } from '../../src/core/bucket.ts'
import type { StorageClass } from '../../src/core/object.ts'
import type { ObjectRow } from './rows.ts'

/** The databases whose counters have changed since {@link takeUsageChanged} was last called. */
const changed = new WeakSet<SqlStorage>()

/** Returns whether the counters have changed since the last call. */
export const takeUsageChanged = (sql: SqlStorage): boolean => changed.delete(sql)

/** Adds to the exact counters of a storage class, in the transaction of the change that it counts. Writes one row. */
export function count(sql: SqlStorage, storageClass: StorageClass, change: Partial<Usage>): void {
  changed.add(sql)
  sql.exec(
    `UPDATE usage SET objects = objects + ?, payload_bytes = payload_bytes + ?, metadata_bytes = metadata_bytes + ?,
                      uploads = uploads + ?, upload_bytes = upload_bytes + ?, retrieved_bytes = retrieved_bytes + ?,
                      early_deletion_byte_days = early_deletion_byte_days + ? WHERE storage_class = ?`,
    change.objects ?? 0,
    change.payloadBytes ?? 0,
    change.metadataBytes ?? 0,
    change.uploads ?? 0,
    change.uploadBytes ?? 0,
    change.retrievedBytes ?? 0,
    change.earlyDeletionByteDays ?? 0,
    storageClass,
  )
}

/** Collects changes of the counters that belong together: one row is written for each storage class, however many changes there are. */
export class Tally {
  readonly #changes = new Map<StorageClass, Record<string, number>>()

  add(storageClass: StorageClass, change: Partial<Usage>): void {
    const sum = this.#changes.get(storageClass) ?? {}
    for (const [name, amount] of Object.entries(change)) sum[name] = (sum[name] ?? 0) + amount
    this.#changes.set(storageClass, sum)
  }

  write(sql: SqlStorage): void {
    for (const [storageClass, change] of this.#changes) count(sql, storageClass, change)
    this.#changes.clear()
  }
}

/** Counts the bytes that a read or a copy takes out of Infrequent Access. For Standard it writes nothing. */
export function countRetrieval(sql: SqlStorage, { storage_class: storageClass }: Pick<ObjectRow, 'storage_class'>, bytes: number): void {
  if (storageClass === 'InfrequentAccess' && bytes > 0) count(sql, storageClass, { retrievedBytes: bytes })
}

/** The counters of every storage class. */
export function readUsage(sql: SqlStorage): Record<StorageClass, Usage> {
  const rows = sql.exec<{ storage_class: StorageClass } & Record<string, number | string>>('SELECT * FROM usage').toArray()
  return Object.fromEntries(
    rows.map((row) => [
      row.storage_class,
      {
        objects: row.objects,
        payloadBytes: row.payload_bytes,
        metadataBytes: row.metadata_bytes,
        uploads: row.uploads,
        uploadBytes: row.upload_bytes,
        retrievedBytes: row.retrieved_bytes,
        earlyDeletionByteDays: row.early_deletion_byte_days,
      },
    ]),
  ) as Record<StorageClass, Usage>
}

/** Resets the counters that run from a bucket's creation on: the next bucket of this name starts at zero. */
export function forgetFlows(sql: SqlStorage): void {
  sql.exec('UPDATE usage SET retrieved_bytes = 0, early_deletion_byte_days = 0')
}
