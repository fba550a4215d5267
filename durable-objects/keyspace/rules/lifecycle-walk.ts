import { prefixEnd } from '../../../src/core/key.ts'
import { changedPrefixes, commonPrefixes, DEFAULT_LIFECYCLE, objectPart, uploadPart } from '../../../src/core/lifecycle.ts'
import type { Context } from '../context.ts'
import type { ObjectRow, UploadRow } from '../rows.ts'
import type { Follow } from './follow-setting.ts'
import { activeLifecycle, saveObjectDue, saveUploadDue } from './lifecycle-due.ts'

// Rules, and locks, also govern what was there before them. A change lists the prefixes below which it may matter, and the alarm
// walks these in bounded steps, whatever happens in between: each row gets the date that the rules of that moment say.

const ROWS_PER_STEP = 2000

type Walk = {
  over: 'objects' | 'uploads'
  prefix: string
  from_key: string
  from_ms: number
  from_id: string
}

/** Has the alarm give new dates to what the changed rules may concern, in the transaction of the change. */
export const followLifecycle: Follow<'lifecycle'> = (context, before, after) => {
  const rules = [before ?? DEFAULT_LIFECYCLE, after ?? DEFAULT_LIFECYCLE] as const
  for (const prefix of changedPrefixes(...rules, objectPart)) startWalk(context, 'objects', prefix)
  for (const prefix of changedPrefixes(...rules, uploadPart)) startWalk(context, 'uploads', prefix)
}

/** A lock postpones deletion, so that new lock rules change the dates of objects that a lifecycle rule deletes. */
export const followLocks: Follow<'locks'> = (context, before, after) => {
  const changed = changedPrefixes(before ?? [], after ?? [], ({ condition }) => condition)
  const expiring = activeLifecycle(context.sql).flatMap(({ expiration, prefix }) => (expiration ? [prefix] : []))
  for (const prefix of commonPrefixes(changed, expiring)) startWalk(context, 'objects', prefix)
}

/** Costs a row or two for each prefix whose rules changed, and nothing more where nothing is stored below it. */
function startWalk(context: Context, over: Walk['over'], prefix: string): void {
  const walk: Walk = { over, prefix, from_key: prefix, from_ms: 0, from_id: '' }
  if (rowsOf(context.sql, walk, 1).length === 0) return
  saveWalk(context, walk)
}

function saveWalk({ sql, now, wakeAt }: Context, { over, prefix, from_key, from_ms, from_id }: Walk): void {
  sql.exec('INSERT OR REPLACE INTO lifecycle_walk VALUES (?, ?, ?, ?, ?)', over, prefix, from_key, from_ms, from_id)
  wakeAt(now())
}

/** Whether a change of rules is not followed to its end yet. */
export const isWalking = (sql: SqlStorage): boolean => nextWalk(sql) !== undefined

const nextWalk = (sql: SqlStorage): Walk | undefined =>
  sql.exec<Walk>('SELECT * FROM lifecycle_walk ORDER BY over, prefix LIMIT 1').toArray()[0]

/** One bounded step of following changed rules, if there is one to take. */
export function walkLifecycle(context: Context): void {
  const { sql } = context
  const walk = nextWalk(sql)
  if (!walk) return
  // The row behind the last of this step tells where the next one starts.
  const rows = rowsOf(sql, walk, ROWS_PER_STEP + 1)
  for (const row of rows.slice(0, ROWS_PER_STEP)) {
    if ('uploaded_ms' in row) saveObjectDue(context, row)
    else saveUploadDue(context, row)
  }
  const rest = rows[ROWS_PER_STEP]
  if (!rest) sql.exec('DELETE FROM lifecycle_walk WHERE over = ? AND prefix = ?', walk.over, walk.prefix)
  else if ('uploaded_ms' in rest) saveWalk(context, { ...walk, from_key: rest.key })
  else saveWalk(context, { ...walk, from_key: rest.key, from_ms: rest.created_ms, from_id: rest.id })
}

/** To SQLite every BLOB is greater than any TEXT: where nothing sorts after a prefix, the range has no upper bound. */
const BEHIND_ALL = new ArrayBuffer(0)

type DatedObject = Pick<ObjectRow, 'key' | 'uploaded_ms' | 'storage_class' | 'due_ms'>
type DatedUpload = Pick<UploadRow, 'key' | 'created_ms' | 'id' | 'due_ms'>

function rowsOf(sql: SqlStorage, { over, prefix, from_key, from_ms, from_id }: Walk, limit: number): (DatedObject | DatedUpload)[] {
  const end = prefixEnd(prefix) ?? BEHIND_ALL
  if (over === 'objects') {
    const query = 'SELECT key, uploaded_ms, storage_class, due_ms FROM objects WHERE key >= ? AND key < ? ORDER BY key LIMIT ?'
    return sql.exec<DatedObject>(query, from_key, end, limit).toArray()
  }
  const query = `SELECT key, created_ms, id, due_ms FROM uploads WHERE state = 'open' AND (key, created_ms, id) >= (?, ?, ?) AND key < ?
                 ORDER BY key, created_ms, id LIMIT ?`
  return sql.exec<DatedUpload>(query, from_key, from_ms, from_id, end, limit).toArray()
}
