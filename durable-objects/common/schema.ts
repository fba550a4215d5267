import { StoreError } from '../../src/core/errors.ts'
import { readSetting, writeSetting } from './settings.ts'

/** The tables of a Durable Object class, given as the migrations that create them. */
export interface Schema {
  /** Whose tables these are, in the words of a message: `this bucket's`. */
  readonly owner: string
  /** SQL, numbered from 1. The statements of a released migration never change. */
  readonly migrations: readonly string[]
  /**
   * For the number of a migration: the oldest schema version whose code may use the tables after that migration. An entry says that older
   * code can safely ignore the migration. Without an entry older code refuses the tables, since it would not maintain the parts that it
   * does not know.
   */
  readonly compatibleFrom: Readonly<Record<number, number>>
}

/** Whether this object has tables. An object that was looked up but never created has none. */
export function hasSchema(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'config'").toArray().length > 0
}

/**
 * The reason why this code must not use the tables: a newer version made them. Otherwise undefined. Older code meets newer tables after a
 * deployment was rolled back, or while two versions are deployed side by side.
 */
export function newerSchema(sql: SqlStorage, { owner, migrations }: Schema): StoreError | undefined {
  const version = schemaVersion(sql)
  const known = migrations.length
  if (version <= known || (readSetting<number>(sql, 'compatible_from') ?? version) <= known) return undefined
  const message = `A newer version of Cairn made ${owner} tables (version ${version}; this one knows ${known}). Nothing was changed. Deploy that version, or a later one, again.`
  return new StoreError('ServiceUnavailable', { message })
}

/** Applies the migrations that are missing, each in one transaction with its number. Returns whether any was missing. */
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
