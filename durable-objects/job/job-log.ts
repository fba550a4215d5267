import type { JobLogEntry, JobLogLine } from '../../src/core/job.ts'
import type { JobLogQuery } from '../../src/jobs/job-api.ts'

/** How many lines a log keeps unless the job's kind says otherwise: the newest ones. A longer message is cut to {@link LINE_CHARACTERS}. */
const LINES = 1000
const LINE_CHARACTERS = 2000

/** Adds lines to a job's log, and deletes the oldest lines beyond its limit. */
export function writeLog(sql: SqlStorage, atMs: number, lines: readonly JobLogLine[], keep = LINES): void {
  const insert = 'INSERT INTO log (at_ms, level, message, type, key) VALUES (?, ?, ?, ?, ?)'
  for (const { level, message, type = null, key = null } of lines) {
    sql.exec(insert, atMs, level, message.slice(0, LINE_CHARACTERS), type, key)
  }
  if (lines.length > 0) sql.exec('DELETE FROM log WHERE seq <= (SELECT max(seq) FROM log) - ?', keep)
}

/** Lines of the log, oldest first. Numbers have no gaps, so that an offset costs nothing. */
export const readLog = (sql: SqlStorage, { after = 0, offset = 0, limit }: JobLogQuery): JobLogEntry[] =>
  sql
    .exec<Row>(
      `SELECT seq, at_ms, level, message, type, key FROM log
        WHERE seq > max(?, (SELECT coalesce(min(seq), 1) - 1 FROM log) + ?) ORDER BY seq LIMIT ?`,
      after,
      offset,
      limit,
    )
    .toArray()
    .map(toEntry)

const toEntry = ({ seq, at_ms: atMs, level, message, type, key }: Row): JobLogEntry => ({
  seq,
  atMs,
  level,
  message,
  ...(type !== null && { type }),
  ...(key !== null && { key }),
})

type Row = Pick<JobLogEntry, 'seq' | 'level' | 'message'> & { at_ms: number; type: string | null; key: string | null }
