/** One row of a table, with its values by column. */
export type Row = Readonly<Record<string, ArrayBuffer | string | number | null>>

/** A table, index or trigger as `sqlite_master` lists it. */
export interface Defined {
  readonly type: string
  readonly name: string
  readonly sql: string
}

/** The rows of one table. */
export interface TableRows {
  readonly table: string
  readonly rows: readonly Row[]
}

/** Lists everything that the migrations defined. Names with `_cf_` and `sqlite_` belong to the platform, `d1_migrations` to the migrations. */
export const DEFINED = `SELECT type, name, sql FROM sqlite_master
  WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'd1_migrations'`

export const tablesOf = (defined: readonly Defined[]): readonly Defined[] => defined.filter(({ type }) => type === 'table')

/** Returns the statement that inserts a row, and its values in the same order. */
export function insertion(table: string, row: Row): { sql: string; values: Row[string][] } {
  const columns = Object.keys(row)
  const sql = `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
  return { sql, values: columns.map((column) => row[column] as Row[string]) }
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
