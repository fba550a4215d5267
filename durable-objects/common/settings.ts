/** Reads one JSON setting; `null` when it is not set. */
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

const cache = new WeakMap<SqlStorage, Map<unknown, unknown>>()

/** Like {@link readSetting}, but cached: for settings that every write reads. */
export const cachedSetting = <T>(sql: SqlStorage, name: string): T | null => once(sql, name, () => readSetting<T>(sql, name))

/**
 * Returns the value that `prepare` makes of a setting, which is `null` if it is not set. The value is cached, because every write applies
 * the rules and there may be a thousand of them. `prepare` is the cache key: pass the same function every time.
 */
export const preparedSetting = <T, P>(sql: SqlStorage, name: string, prepare: (value: T | null) => P): P =>
  once(sql, prepare, () => prepare(readSetting<T>(sql, name)))

function once<T>(sql: SqlStorage, key: unknown, make: () => T): T {
  const known = cache.get(sql) ?? new Map<unknown, unknown>()
  if (!known.has(key)) cache.set(sql, known.set(key, make()))
  return known.get(key) as T
}

/** Clears the cache of settings: after a change, and after a transaction that failed and so rolled back a change. */
export function forgetSettings(sql: SqlStorage): void {
  cache.delete(sql)
}
