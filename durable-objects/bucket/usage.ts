import type { StorageClass } from '../../src/core/object.ts'
import type { Usage } from './api.ts'

/** Adds to the exact counters of a storage class, in the transaction of the change that it counts. One row written. */
export function count(sql: SqlStorage, storageClass: StorageClass, change: Partial<Usage>): void {
  sql.exec(
    `UPDATE usage SET objects = objects + ?, payload_bytes = payload_bytes + ?, metadata_bytes = metadata_bytes + ?,
                      uploads = uploads + ?, upload_bytes = upload_bytes + ? WHERE storage_class = ?`,
    change.objects ?? 0,
    change.payloadBytes ?? 0,
    change.metadataBytes ?? 0,
    change.uploads ?? 0,
    change.uploadBytes ?? 0,
    storageClass,
  )
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
      },
    ]),
  ) as Record<StorageClass, Usage>
}
