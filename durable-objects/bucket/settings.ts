/** Reads one JSON setting of the bucket; `null` when it was never set. */
export function readSetting<T>(sql: SqlStorage, name: string): T | null {
  const [row] = sql.exec<{ value: string }>('SELECT value FROM config WHERE name = ?', name)
  return row ? (JSON.parse(row.value) as T) : null
}

/** Writes one JSON setting; `null` removes it. */
export function writeSetting(sql: SqlStorage, name: string, value: unknown): void {
  if (value === null) sql.exec('DELETE FROM config WHERE name = ?', name)
  else sql.exec('INSERT OR REPLACE INTO config (name, value) VALUES (?, ?)', name, JSON.stringify(value))
  forgetSettings(sql)
}

const parsed = new WeakMap<SqlStorage, Map<string, unknown>>()

/** Like {@link readSetting}, read and parsed once: for rules that every write looks at, of which there may be a thousand. */
export function cachedSetting<T>(sql: SqlStorage, name: string): T | null {
  const known = parsed.get(sql) ?? new Map<string, unknown>()
  if (!known.has(name)) parsed.set(sql, known.set(name, readSetting<T>(sql, name)))
  return known.get(name) as T | null
}

/** Parses all of them anew: after a change, and after a transaction that may have taken one back. */
export function forgetSettings(sql: SqlStorage): void {
  parsed.delete(sql)
}
