import { rethrowUnavailable } from '../core/errors.ts'
import type { BucketRef, Jurisdiction, Location, StorageClass } from '../core/object.ts'
import { detachEarlierStatement, detachStatement } from './domains.ts'

/** A row of the account's index of buckets. */
export interface BucketEntry extends BucketRef {
  readonly createdMs: number
  readonly location?: Location
  readonly storageClass: StorageClass
}

export interface BucketsQuery {
  readonly jurisdiction: Jurisdiction
  readonly prefix?: string
  /** Text that occurs in the name. */
  readonly contains?: string
  /** Exclusive, in the direction of the listing. */
  readonly startAfter?: string
  readonly descending?: boolean
  readonly limit: number
}

/** Returns one page of an account's buckets, by name. Reads one row more than `limit` to find out whether there are more. */
export async function listBuckets(db: D1Database, query: BucketsQuery): Promise<{ buckets: BucketEntry[]; truncated: boolean }> {
  const { jurisdiction, prefix = '', contains = '', startAfter, descending = false, limit } = query
  // Names are ASCII, so `~` sorts after all of them.
  const [start, order] = descending ? [`name < ?`, 'DESC'] : [`name > ?`, 'ASC']
  const { results } = await db
    .prepare(
      `SELECT * FROM buckets WHERE jurisdiction = ? AND ${start} AND name >= ? AND name < ? AND instr(name, ?) > 0 ORDER BY name ${order} LIMIT ?`,
    )
    .bind(jurisdiction, startAfter ?? (descending ? '~' : ''), prefix, `${prefix}~`, contains, limit + 1)
    .all<{ jurisdiction: Jurisdiction; name: string; created_ms: number; location: Location | null; storage_class: StorageClass }>()
  const buckets = results.slice(0, limit).map((row) => ({
    jurisdiction: row.jurisdiction,
    name: row.name,
    createdMs: row.created_ms,
    location: row.location ?? undefined,
    storageClass: row.storage_class,
  }))
  return { buckets, truncated: results.length > limit }
}

/** Returns the statements that write a bucket's row in the index. The Bucket is the source of truth, and runs them in its batch. */
export function indexStatements(db: D1Database, bucket: BucketEntry): D1PreparedStatement[] {
  const { jurisdiction, name, createdMs, location = null, storageClass } = bucket
  return [
    db
      .prepare('INSERT OR REPLACE INTO buckets (jurisdiction, name, created_ms, location, storage_class) VALUES (?, ?, ?, ?, ?)')
      .bind(jurisdiction, name, createdMs, location, storageClass),
    db.prepare('INSERT OR IGNORE INTO locations (jurisdiction, name, location) VALUES (?, ?, ?)').bind(jurisdiction, name, location),
    detachEarlierStatement(db, bucket),
  ]
}

/** Returns the statements that remove a deleted bucket from the index, and its domains. */
export const unindexStatements = (db: D1Database, ref: BucketRef): D1PreparedStatement[] => [
  db.prepare('DELETE FROM buckets WHERE jurisdiction = ? AND name = ?').bind(ref.jurisdiction, ref.name),
  detachStatement(db, ref),
]

/** Returns the statements that bring the index up to date with a bucket: they write its row from `info`, or remove it if `info` is null. */
export const followStatements = (db: D1Database, info: BucketEntry | null, removed: BucketRef): D1PreparedStatement[] =>
  info ? indexStatements(db, info) : unindexStatements(db, removed)

/**
 * Returns whether the index has a row for a bucket.
 * @throws StoreError ServiceUnavailable
 */
export async function isIndexed(db: D1Database, { jurisdiction, name }: BucketRef): Promise<boolean> {
  const query = db.prepare('SELECT 1 AS found FROM buckets WHERE jurisdiction = ? AND name = ?')
  return (await query.bind(jurisdiction, name).first().catch(rethrowUnavailable)) !== null
}

/** Returns where a bucket of this name was first created; `null` if there never was one. An undefined location is the platform's choice. */
export async function firstLocation(db: D1Database, { jurisdiction, name }: BucketRef): Promise<{ location?: Location } | null> {
  const row = await db
    .prepare('SELECT location FROM locations WHERE jurisdiction = ? AND name = ?')
    .bind(jurisdiction, name)
    .first<{ location: Location | null }>()
  return row && { location: row.location ?? undefined }
}
