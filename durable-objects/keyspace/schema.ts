import init from '../../migrations/bucket/0001_init.sql'
import audit from '../../migrations/bucket/0002_audit.sql'
import storageClasses from '../../migrations/bucket/0003_storage_classes.sql'
import events from '../../migrations/bucket/0004_events.sql'
import lifecycle from '../../migrations/bucket/0005_lifecycle.sql'
import lastParts from '../../migrations/bucket/0006_last_parts.sql'

/** Numbered from 1; a released migration is never changed. */
const MIGRATIONS: readonly string[] = [init, audit, storageClasses, events, lifecycle, lastParts]

/** Whether this object ever was a bucket: looking for a bucket that does not exist stores nothing. */
export function hasSchema(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'config'").toArray().length > 0
}

/** Brings the tables up to date, each migration in a transaction with its number. */
export function migrate(storage: DurableObjectStorage): void {
  const version = hasSchema(storage.sql) ? schemaVersion(storage.sql) : 0
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < version) continue
    storage.transactionSync(() => {
      storage.sql.exec(migration)
      storage.sql.exec("INSERT OR REPLACE INTO config (name, value) VALUES ('schema', ?)", JSON.stringify(index + 1))
    })
  }
}

function schemaVersion(sql: SqlStorage): number {
  return Number(sql.exec<{ value: string }>("SELECT value FROM config WHERE name = 'schema'").one().value)
}
