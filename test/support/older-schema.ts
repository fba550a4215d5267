import { BUCKET_SCHEMA } from '../../durable-objects/keyspace/schema.ts'

/** Takes back what each migration of a Bucket did. A new migration gets a row. */
const UNDO: Readonly<Record<number, string>> = {
  6: 'DELETE FROM lifecycle_walk; ALTER TABLE objects DROP COLUMN last_part',
  7: 'ALTER TABLE objects DROP COLUMN tags; ALTER TABLE uploads DROP COLUMN tags',
  8: 'DROP TABLE sippy_copies',
}

/**
 * Gives a Bucket the tables that an earlier version left.
 * @param schema the number of the last migration that this version knew
 */
export function olderSchema(sql: SqlStorage, schema: number): void {
  for (let number = BUCKET_SCHEMA.migrations.length; number > schema; number--) {
    const undo = UNDO[number]
    if (undo === undefined) throw new Error(`test/support/older-schema.ts cannot undo migration ${number}`)
    sql.exec(undo)
  }
  sql.exec("UPDATE config SET value = ? WHERE name = 'schema'", String(schema))
}
