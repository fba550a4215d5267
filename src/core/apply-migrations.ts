/** A migration of a D1 database, split into statements. */
export interface Migration {
  readonly name: string
  readonly statements: readonly string[]
}

/** The part of a D1 database that migrations need. */
export interface MigratedDatabase<Statement extends { bind(...values: unknown[]): Statement }> {
  prepare(sql: string): Statement
  batch<Row>(statements: Statement[]): Promise<{ results: Row[] }[]>
}

const TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations
  (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`

/** Applies the missing migrations in one transaction, and records them as `wrangler d1 migrations apply` does. */
export async function applyMigrations<Statement extends { bind(...values: unknown[]): Statement }>(
  db: MigratedDatabase<Statement>,
  migrations: readonly Migration[],
): Promise<void> {
  const [, recorded] = await db.batch<{ name: string }>([db.prepare(TABLE), db.prepare('SELECT name FROM d1_migrations')])
  const applied = new Set(recorded?.results.map(({ name }) => name))
  const due = migrations.filter(({ name }) => !applied.has(name))
  const statements = due.flatMap(({ name, statements }) => [
    ...statements.map((sql) => db.prepare(sql)),
    db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name),
  ])
  if (statements.length > 0) await db.batch(statements)
}
