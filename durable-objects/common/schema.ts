import { StoreError } from '../../src/core/errors.ts'
import { readSetting, writeSetting } from './settings.ts'

/** The tables of a class of Durable Objects, as the migrations that make them. */
export interface Schema {
  /** Whose tables they are, for messages: `this bucket's`. */
  readonly owner: string
  /** SQL, numbered from 1; a released migration is never changed. */
  readonly migrations: readonly string[]
  /**
   * The oldest version of the tables whose code may go on with those of a number, where that is not the number itself: of a migration
   * that older code may overlook without harm. It refuses any other newer tables, since it would leave out what it does not know.
   */
  readonly compatibleFrom: Readonly<Record<number, number>>
}

/** Whether this object ever stored something: to look for one that does not exist stores nothing. */
export function hasSchema(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'config'").toArray().length > 0
}

/**
 * Why this code must not touch the tables, if so: a newer version made them. Older code runs for a while when a deployment is rolled
 * back, or while two versions are deployed side by side.
 */
export function newerSchema(sql: SqlStorage, { owner, migrations }: Schema): StoreError | undefined {
  const version = schemaVersion(sql)
  const known = migrations.length
  if (version <= known || (readSetting<number>(sql, 'compatible_from') ?? version) <= known) return undefined
  const message = `A newer version of Cairn made ${owner} tables (version ${version}; this one knows ${known}). Nothing was changed. Deploy that version, or a later one, again.`
  return new StoreError('ServiceUnavailable', { message })
}

/** Brings the tables up to date, each migration in a transaction with its number. Returns whether there was one to apply. */
export function migrate(storage: DurableObjectStorage, { migrations, compatibleFrom }: Schema): boolean {
  const version = hasSchema(storage.sql) ? schemaVersion(storage.sql) : 0
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue
    storage.transactionSync(() => {
      storage.sql.exec(migration)
      storage.sql.exec("INSERT OR REPLACE INTO config (name, value) VALUES ('schema', ?)", JSON.stringify(index + 1))
      writeSetting(storage.sql, 'compatible_from', compatibleFrom[index + 1] ?? null)
    })
  }
  return version < migrations.length
}

function schemaVersion(sql: SqlStorage): number {
  return Number(sql.exec<{ value: string }>("SELECT value FROM config WHERE name = 'schema'").one().value)
}
