type Row = Readonly<Record<string, SqlStorageValue | Uint8Array>>

/** Inserts a row, given by its columns. */
export const insertRow = (sql: SqlStorage, table: string, row: Row): void => write(sql, 'INSERT', table, row)

/** Inserts a row, in place of the one with the same primary key. */
export const replaceRow = (sql: SqlStorage, table: string, row: Row): void => write(sql, 'INSERT OR REPLACE', table, row)

function write(sql: SqlStorage, verb: string, table: string, row: Row): void {
  const columns = Object.keys(row)
  sql.exec(`${verb} INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`, ...Object.values(row))
}
