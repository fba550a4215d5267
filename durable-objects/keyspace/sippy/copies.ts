import { StoreError } from '../../../src/core/errors.ts'
import { randomId } from '../../../src/core/ids.ts'
import { normalizeKey } from '../../../src/core/key.ts'
import type { CopyRef, QueuedCopy, SippySetting, TakenCopy, WantedCopy } from '../../../src/core/sippy.ts'
import { cachedSetting, readSetting, writeSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'

// The copies that Sippy makes: at most one for each key, and a write or a deletion of the key ends it. A bucket without Sippy never reads
// or writes this table: the setting, which is cached, decides.

/** How long a request may take for a copy before another one may try. */
const LEASE_MS = 120_000
/** How many copies may wait for the job. The next read of a key that finds no place tries again. */
const MOST_QUEUED = 1000
const JOB = 'sippyJob'

/** The bucket's Sippy; `null` when it is off. Cached. */
export const sippyOf = (sql: SqlStorage): SippySetting | null => cachedSetting<SippySetting>(sql, 'sippy')

type CopyRow = { key: string; spelled: string | null; id: string; until_ms: number | null; etag: string; size: number }

/** Takes a copy for a request, or puts it into the queue of the job. */
export function takeCopy({ sql, now }: Context, wanted: WantedCopy): TakenCopy {
  const key = normalizeKey(wanted.key)
  if (sippyOf(sql) === null || sql.exec('SELECT 1 FROM objects WHERE key = ?', key).toArray().length > 0) return { kind: 'none' }
  sql.exec('DELETE FROM sippy_copies WHERE until_ms <= ?', now())
  const [old] = sql.exec<CopyRow>('SELECT * FROM sippy_copies WHERE key = ?', key)
  if (old && old.id === wanted.id) return { kind: 'now', id: old.id }
  if (old) return old.until_ms === null && wanted.job !== undefined ? { kind: 'later', job: jobFor(sql, wanted) } : { kind: 'none' }
  if (wanted.job !== undefined && isFull(sql)) return { kind: 'none' }
  const id = wanted.id ?? randomId()
  const untilMs = wanted.job === undefined ? now() + LEASE_MS : null
  const spelled = wanted.key === key ? null : wanted.key
  sql.exec('INSERT INTO sippy_copies VALUES (?, ?, ?, ?, ?, ?)', key, spelled, id, untilMs, wanted.etag, wanted.size)
  return wanted.job === undefined ? { kind: 'now', id } : { kind: 'later', job: jobFor(sql, wanted) }
}

const isFull = (sql: SqlStorage): boolean =>
  sql.exec('SELECT 1 FROM sippy_copies WHERE until_ms IS NULL LIMIT 1 OFFSET ?', MOST_QUEUED - 1).toArray().length > 0

/** The job that works through the queue: the one that is known, or the one that the caller is about to start. */
function jobFor(sql: SqlStorage, { job, endedJob }: WantedCopy): string {
  const known = readSetting<string>(sql, JOB)
  if (known !== null && known !== endedJob) return known
  writeSetting(sql, JOB, job)
  return job as string
}

/**
 * The next copy for the job; `null` when none waits, and from then on another job has to be started. A job that is not the known one gets
 * none.
 */
export function nextCopy({ sql }: Context, job: string): QueuedCopy | null {
  if (readSetting<string>(sql, JOB) !== job) return null
  const [row] = sql.exec<CopyRow>('SELECT * FROM sippy_copies WHERE until_ms IS NULL ORDER BY key LIMIT 1')
  if (!row) writeSetting(sql, JOB, null)
  return row ? { key: row.spelled ?? row.key, id: row.id, etag: row.etag, size: row.size } : null
}

/** Whether this attempt may still be committed. */
export const isCopying = ({ sql }: Context, { key, id }: CopyRef): boolean =>
  sql.exec('SELECT 1 FROM sippy_copies WHERE key = ? AND id = ?', normalizeKey(key), id).toArray().length > 0

/** Ends an attempt that failed. */
export function dropCopy({ sql }: Context, { key, id }: CopyRef): void {
  sql.exec('DELETE FROM sippy_copies WHERE key = ? AND id = ?', normalizeKey(key), id)
}

/** @throws StoreError PreconditionFailed when a write or a deletion of the key, or the end of Sippy, came in between */
export function checkCopying(context: Context, copy: CopyRef | undefined): void {
  if (copy && !isCopying(context, copy)) throw new StoreError('PreconditionFailed')
}

/** Runs with every write and deletion of a key. A key whose copy is under way is the client's from now on. */
export function endCopyOf({ sql }: Context, key: string): void {
  if (sippyOf(sql) !== null) sql.exec('DELETE FROM sippy_copies WHERE key = ?', key)
}

/** Ends all copies: Sippy was switched off, or has another source. The job finds out with its next step. */
export function endCopies({ sql }: Context): void {
  sql.exec('DELETE FROM sippy_copies')
  writeSetting(sql, JOB, null)
}
