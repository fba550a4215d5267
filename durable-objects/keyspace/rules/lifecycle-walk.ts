import { prefixEnd } from '../../../src/core/key.ts'
import { changedPrefixes, commonPrefixes, DEFAULT_LIFECYCLE, objectPart, uploadPart } from '../../../src/core/lifecycle.ts'
import type { Context } from '../context.ts'
import type { ObjectRow, UploadRow } from '../rows.ts'
import type { Follow } from './follow-setting.ts'
import { activeLifecycle, DATED_COLUMNS, type DatedObject, saveObjectDue, saveUploadDue } from './lifecycle-due.ts'

// Lifecycle rules and locks also apply to objects and uploads that are older than the rules. A change of rules lists the prefixes whose due
// dates it may affect, and the alarm walks through these in bounded steps. Other changes may come in between: each row gets the due date
// that the rules say at the moment when the walk reaches it.

const ROWS_PER_STEP = 2000

type Walk = {
  over: 'objects' | 'uploads'
  prefix: string
  from_key: string
  from_ms: number
  from_id: string
}

/** Lists, in the transaction of the change, the prefixes in which the alarm must compute due dates again. */
export const followLifecycle: Follow<'lifecycle'> = (context, before, after) => {
  const rules = [before ?? DEFAULT_LIFECYCLE, after ?? DEFAULT_LIFECYCLE] as const
  for (const prefix of changedPrefixes(...rules, objectPart)) startWalk(context, 'objects', prefix)
  for (const prefix of changedPrefixes(...rules, uploadPart)) startWalk(context, 'uploads', prefix)
}

/** A lock postpones deletion, so new lock rules change the due dates of objects that a lifecycle rule deletes. */
export const followLocks: Follow<'locks'> = (context, before, after) => {
  const changed = changedPrefixes(before ?? [], after ?? [], ({ condition }) => condition)
  const expiring = activeLifecycle(context.sql).flatMap(({ expiration, prefix }) => (expiration ? [prefix] : []))
  for (const prefix of commonPrefixes(changed, expiring)) startWalk(context, 'objects', prefix)
}

/** Starts a walk through a prefix. It costs a row or two; where nothing is stored below the prefix, it writes nothing. */
function startWalk(context: Context, over: Walk['over'], prefix: string): void {
  const walk: Walk = { over, prefix, from_key: prefix, from_ms: 0, from_id: '' }
  if (rowsOf(context.sql, walk, 1).length === 0) return
  saveWalk(context, walk)
}

function saveWalk({ sql, now, wakeAt }: Context, { over, prefix, from_key, from_ms, from_id }: Walk): void {
  sql.exec('INSERT OR REPLACE INTO lifecycle_walk VALUES (?, ?, ?, ?, ?)', over, prefix, from_key, from_ms, from_id)
  wakeAt(now())
}

/** Whether a walk is unfinished: some due dates may still be those of earlier rules. */
export const isWalking = (sql: SqlStorage): boolean => nextWalk(sql) !== undefined

const nextWalk = (sql: SqlStorage): Walk | undefined =>
  sql.exec<Walk>('SELECT * FROM lifecycle_walk ORDER BY over, prefix LIMIT 1').toArray()[0]

/** Does one bounded step of a walk, if one is unfinished. */
export function walkLifecycle(context: Context): void {
  const { sql } = context
  const walk = nextWalk(sql)
  if (!walk) return
  // One row more than the step handles: the next step starts at it.
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

/** The upper bound of a range that no key can end: in SQLite every BLOB is greater than any TEXT. */
const BEHIND_ALL = new ArrayBuffer(0)

type DatedRow = DatedObject & Pick<ObjectRow, 'due_ms'>
type DatedUpload = Pick<UploadRow, 'key' | 'created_ms' | 'id' | 'due_ms'>

function rowsOf(sql: SqlStorage, { over, prefix, from_key, from_ms, from_id }: Walk, limit: number): (DatedRow | DatedUpload)[] {
  const end = prefixEnd(prefix) ?? BEHIND_ALL
  if (over === 'objects') {
    const query = `SELECT ${DATED_COLUMNS.join(', ')}, due_ms FROM objects WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`
    return sql.exec<DatedRow>(query, from_key, end, limit).toArray()
  }
  const query = `SELECT key, created_ms, id, due_ms FROM uploads WHERE state = 'open' AND (key, created_ms, id) >= (?, ?, ?) AND key < ?
                 ORDER BY key, created_ms, id LIMIT ?`
  return sql.exec<DatedUpload>(query, from_key, from_ms, from_id, end, limit).toArray()
}
