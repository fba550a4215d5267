import type { JobLogEntry } from '../../src/core/job.ts'
import type { JobLogQuery } from '../../src/jobs/job-api.ts'

/** How many lines a log keeps: the newest ones. A longer message is cut to {@link LINE_CHARACTERS}. */
const LINES = 1000
const LINE_CHARACTERS = 2000

/** Adds lines to a job's log, and deletes the oldest lines beyond its limit. */
export function writeLog(sql: SqlStorage, atMs: number, lines: readonly Pick<JobLogEntry, 'level' | 'message'>[]): void {
  for (const { level, message } of lines) {
    sql.exec('INSERT INTO log (at_ms, level, message) VALUES (?, ?, ?)', atMs, level, message.slice(0, LINE_CHARACTERS))
  }
  if (lines.length > 0) sql.exec('DELETE FROM log WHERE seq <= (SELECT max(seq) FROM log) - ?', LINES)
}

/** Lines of the log, oldest first. */
export const readLog = (sql: SqlStorage, { after = 0, limit }: JobLogQuery): JobLogEntry[] =>
  sql
    .exec<Row>('SELECT seq, at_ms, level, message FROM log WHERE seq > ? ORDER BY seq LIMIT ?', after, limit)
    .toArray()
    .map(({ seq, at_ms: atMs, level, message }) => ({ seq, atMs, level, message }))

type Row = Pick<JobLogEntry, 'seq' | 'level' | 'message'> & { at_ms: number }
