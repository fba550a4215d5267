import type { Context } from '../../durable-objects/keyspace/context.ts'
import type { TestBucket } from './bucket.ts'

/** The units that SQLite in a Durable Object is billed by. */
export interface Meter {
  read: number
  written: number
  readonly plans: string[]
}

/** Counts the rows that each statement of `work` reads and writes, and gets its query plan from SQLite. */
export async function metered<R>(bucket: TestBucket, work: (context: Context) => R): Promise<Meter & { result: R }> {
  const meter: Meter = { read: 0, written: 0, plans: [] }
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = []
  const sql = (real: SqlStorage) =>
    ({
      exec: (query: string, ...bindings: unknown[]) => {
        for (const { detail } of real.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings)) meter.plans.push(detail)
        const cursor = real.exec(query, ...bindings)
        cursors.push(cursor)
        return cursor
      },
      get databaseSize() {
        return real.databaseSize
      },
    }) as unknown as SqlStorage
  const measured = (context: Context) => {
    const value = work(context)
    for (const { rowsRead, rowsWritten } of cursors) {
      meter.read += rowsRead
      meter.written += rowsWritten
    }
    return value
  }
  const result = await bucket.change(measured, { sql })
  return { ...meter, result }
}

export const cost = ({ read, written }: Meter) => ({ read, written })
