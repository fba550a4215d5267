import { DEFINED, type Defined, insertion, quoted, type Row, type TableRows, tablesOf } from './dump.ts'

/** The state of a D1 database. */
export interface DatabaseDump {
  readonly defined: readonly Defined[]
  readonly tables: readonly TableRows[]
}

export async function dumpDatabase(db: D1Database): Promise<DatabaseDump> {
  const { results: defined } = await db.prepare(DEFINED).all<Defined>()
  const names = tablesOf(defined).map(({ name }) => name)
  const rows = await db.batch<Row>(names.map((name) => db.prepare(`SELECT * FROM ${quoted(name)}`)))
  return { defined, tables: names.map((table, index) => ({ table, rows: rows[index]!.results })) }
}

/** Puts the rows of all tables back in one transaction. Triggers are away meanwhile: they would write rows of their own. */
export async function restoreDatabase(db: D1Database, { defined, tables }: DatabaseDump): Promise<void> {
  const triggers = defined.filter(({ type }) => type === 'trigger')
  const inserts = tables.flatMap(({ table, rows }) => rows.map((row) => insertion(table, row)))
  await db.batch([
    ...triggers.map(({ name }) => db.prepare(`DROP TRIGGER ${quoted(name)}`)),
    ...tables.map(({ table }) => db.prepare(`DELETE FROM ${quoted(table)}`)),
    ...inserts.map(({ sql, values }) => db.prepare(sql).bind(...values)),
    ...triggers.map(({ sql }) => db.prepare(sql)),
  ])
}
