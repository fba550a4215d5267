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

const made = new WeakMap<SqlStorage, Map<unknown, unknown>>()

/** Like {@link readSetting}, read and parsed once: for what every write looks at. */
export const cachedSetting = <T>(sql: SqlStorage, name: string): T | null => once(sql, name, () => readSetting<T>(sql, name))

/**
 * What `prepare` makes of a setting, `null` if it was never set: made once, for rules that every write asks, of which there may be
 * a thousand. The function stands for the result, so it has to be the same one each time.
 */
export const preparedSetting = <T, P>(sql: SqlStorage, name: string, prepare: (value: T | null) => P): P =>
  once(sql, prepare, () => prepare(readSetting<T>(sql, name)))

function once<T>(sql: SqlStorage, key: unknown, make: () => T): T {
  const known = made.get(sql) ?? new Map<unknown, unknown>()
  if (!known.has(key)) made.set(sql, known.set(key, make()))
  return known.get(key) as T
}

/** Makes all of them anew: after a change, and after a transaction that may have taken one back. */
export function forgetSettings(sql: SqlStorage): void {
  made.delete(sql)
}
