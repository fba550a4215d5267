/** Reads one JSON setting of the bucket; `null` when it was never set. */
export function readSetting<T>(sql: SqlStorage, name: string): T | null {
  const [row] = sql.exec<{ value: string }>('SELECT value FROM config WHERE name = ?', name)
  return row ? (JSON.parse(row.value) as T) : null
}

/** Writes one JSON setting; `null` removes it. */
export function writeSetting(sql: SqlStorage, name: string, value: unknown): void {
  if (value === null) sql.exec('DELETE FROM config WHERE name = ?', name)
  else sql.exec('INSERT OR REPLACE INTO config (name, value) VALUES (?, ?)', name, JSON.stringify(value))
}
