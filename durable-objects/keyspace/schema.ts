import init from '../../migrations/bucket/0001_init.sql'
import audit from '../../migrations/bucket/0002_audit.sql'
import storageClasses from '../../migrations/bucket/0003_storage_classes.sql'
import events from '../../migrations/bucket/0004_events.sql'
import lifecycle from '../../migrations/bucket/0005_lifecycle.sql'
import lastParts from '../../migrations/bucket/0006_last_parts.sql'
import { StoreError } from '../../src/core/errors.ts'
import { readSetting, writeSetting } from './settings.ts'

/**
 * The oldest version of the tables whose code may go on with those of a number, where that is not the number itself: of a migration
 * that older code may overlook without harm. It refuses any other newer tables, since it would leave out what it does not know.
 */
const COMPATIBLE_FROM: Readonly<Record<number, number>> = {}

/** Numbered from 1; a released migration is never changed. */
const MIGRATIONS: readonly string[] = [init, audit, storageClasses, events, lifecycle, lastParts]

/** Whether this object ever was a bucket: looking for a bucket that does not exist stores nothing. */
export function hasSchema(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'config'").toArray().length > 0
}

/**
 * Why this code must not touch the tables, if so: a newer version made them. Such a version runs for a while when one is rolled
 * back, or while two are deployed side by side.
 */
export function newerSchema(sql: SqlStorage): StoreError | undefined {
  const version = schemaVersion(sql)
  const known = MIGRATIONS.length
  if (version <= known || (readSetting<number>(sql, 'compatible_from') ?? version) <= known) return undefined
  const message = `A newer version of Cairn made this bucket's tables (version ${version}; this one knows ${known}). Nothing was changed. Deploy that version, or a later one, again.`
  return new StoreError('ServiceUnavailable', { message })
}

/** Brings the tables up to date, each migration in a transaction with its number. Returns whether there was one to apply. */
export function migrate(storage: DurableObjectStorage): boolean {
  const version = hasSchema(storage.sql) ? schemaVersion(storage.sql) : 0
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < version) continue
    storage.transactionSync(() => {
      storage.sql.exec(migration)
      storage.sql.exec("INSERT OR REPLACE INTO config (name, value) VALUES ('schema', ?)", JSON.stringify(index + 1))
      writeSetting(storage.sql, 'compatible_from', COMPATIBLE_FROM[index + 1] ?? null)
    })
  }
  return version < MIGRATIONS.length
}

function schemaVersion(sql: SqlStorage): number {
  return Number(sql.exec<{ value: string }>("SELECT value FROM config WHERE name = 'schema'").one().value)
}
