import type { JobInfo, JobState } from '../core/job.ts'
import type { BucketRef, Jurisdiction } from '../core/object.ts'

/** A row of the account's list of jobs. Only the job itself knows its counts and errors. */
export type JobEntry = Pick<JobInfo, 'id' | 'kind' | 'bucket' | 'state' | 'createdMs' | 'endedMs'>

export interface JobsQuery {
  /** Only jobs of this bucket. */
  readonly bucket?: BucketRef
  /** Only jobs of these kinds. */
  readonly kinds?: readonly string[]
  /** Only jobs in these states. */
  readonly states?: readonly JobState[]
  /** The last job of the previous page. */
  readonly after?: string
  /** Leaves out as many of the newest jobs that fit. */
  readonly offset?: number
  readonly limit: number
}

interface JobRow {
  readonly id: string
  readonly kind: string
  readonly jurisdiction: Jurisdiction
  readonly bucket: string
  readonly state: JobState
  readonly created_ms: number
  readonly ended_ms: number | null
}

/**
 * Returns one page of an account's jobs, the newest first, since ids rise with time. Reads one row more than `limit` to find out whether
 * there are more.
 */
export async function listJobs(db: D1Database, query: JobsQuery): Promise<{ jobs: JobEntry[]; truncated: boolean }> {
  const { bucket, kinds, states, after, offset = 0, limit } = query
  const filters: [sql: string, values: readonly string[]][] = [['id < ?', [after ?? '~']]]
  if (bucket) filters.push(['jurisdiction = ? AND bucket = ?', [bucket.jurisdiction, bucket.name]])
  if (kinds) filters.push([`kind IN (${marks(kinds)})`, kinds])
  if (states) filters.push([`state IN (${marks(states)})`, states])
  const select = db.prepare(`SELECT * FROM jobs WHERE ${filters.map(([sql]) => sql).join(' AND ')} ORDER BY id DESC LIMIT ? OFFSET ?`)
  const { results } = await select.bind(...filters.flatMap(([, values]) => values), limit + 1, offset).all<JobRow>()
  return { jobs: results.slice(0, limit).map(toEntry), truncated: results.length > limit }
}

const marks = (values: readonly unknown[]): string => values.map(() => '?').join(', ')

/** Returns how many jobs of a bucket run, but counts no further than `most`. */
export async function countRunning(db: D1Database, { jurisdiction, name }: BucketRef, most: number): Promise<number> {
  const query = "SELECT id FROM jobs WHERE jurisdiction = ? AND bucket = ? AND state = 'running' LIMIT ?"
  return (await db.prepare(query).bind(jurisdiction, name, most).all()).results.length
}

const toEntry = (row: JobRow): JobEntry => ({
  id: row.id,
  kind: row.kind,
  bucket: { jurisdiction: row.jurisdiction, name: row.bucket },
  state: row.state,
  createdMs: row.created_ms,
  endedMs: row.ended_ms ?? undefined,
})

/** Returns the statement that writes the row of a job. */
export const jobStatement = (
  db: D1Database,
  { id, kind, bucket, state, createdMs, endedMs = null }: Nullable<JobEntry>,
): D1PreparedStatement =>
  db
    .prepare('INSERT OR REPLACE INTO jobs (id, kind, jurisdiction, bucket, state, created_ms, ended_ms) VALUES (?, ?, ?, ?, ?, ?, ?)')
    .bind(id, kind, bucket.jurisdiction, bucket.name, state, createdMs, endedMs)

type Nullable<Entry extends JobEntry> = Omit<Entry, 'endedMs'> & { readonly endedMs?: number | null }

/** The jobs of a kind that have not ended. */
export async function activeJobs(db: D1Database, kind: string): Promise<JobEntry[]> {
  const statement = db.prepare('SELECT * FROM jobs WHERE kind = ? AND ended_ms IS NULL ORDER BY id')
  return (await statement.bind(kind).all<JobRow>()).results.map(toEntry)
}

/** Adds the row of a new job unless `most` jobs of its kind are active. Returns whether it did. */
export async function reserveJob(db: D1Database, { id, kind, bucket, state, createdMs }: JobEntry, most: number): Promise<boolean> {
  const statement = db.prepare(
    `INSERT INTO jobs (id, kind, jurisdiction, bucket, state, created_ms) SELECT ?, ?, ?, ?, ?, ?
      WHERE (SELECT count(*) FROM jobs WHERE kind = ? AND ended_ms IS NULL) < ?`,
  )
  const { meta } = await statement.bind(id, kind, bucket.jurisdiction, bucket.name, state, createdMs, kind, most).run()
  return meta.changes > 0
}

/** Returns the statement that deletes the row of a job. */
export const forgetJobStatement = (db: D1Database, id: string): D1PreparedStatement => db.prepare('DELETE FROM jobs WHERE id = ?').bind(id)
