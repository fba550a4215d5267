import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Opens the database under a folder whose `table` contains this key. The names of the files are hashes, so it tries each of them. */
export function findDatabase(folder: string, table: string, key: string): DatabaseSync {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.sqlite')) continue
    const db = new DatabaseSync(join(folder, name))
    if (has(db, table, key)) return db
    db.close()
  }
  throw new Error(`No database under ${folder} has the key ${key}`)
}

function has(db: DatabaseSync, table: string, key: string): boolean {
  try {
    return db.prepare(`SELECT 1 FROM ${table} WHERE key = ?`).get(key) !== undefined
  } catch {
    return false // Another kind of database.
  }
}
