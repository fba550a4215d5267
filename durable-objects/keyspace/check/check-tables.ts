import { readSetting, writeSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'

// A check walks through a bucket in steps while the bucket is in use. Its tables exist only while it runs. So do the triggers, which record
// the changes that others make in between: a bucket without a check pays nothing.

/** A check expires when nobody continues it for this long. */
const ABANDONED_MS = 3_600_000
const SETTING = 'check'

const TABLES = `
  -- The references counted so far. NULL: references to this blob changed during the check, so that its count is meaningless.
  CREATE TABLE IF NOT EXISTS check_references (blob_id TEXT PRIMARY KEY, found INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS check_usage (
    storage_class TEXT PRIMARY KEY,
    objects INTEGER NOT NULL DEFAULT 0,
    payload_bytes INTEGER NOT NULL DEFAULT 0,
    metadata_bytes INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  INSERT INTO check_usage (storage_class) SELECT storage_class FROM usage;
  -- Objects up to this key, or all of them, are counted.
  CREATE TABLE IF NOT EXISTS check_walk (upto TEXT NOT NULL, through INTEGER NOT NULL);
  INSERT INTO check_walk VALUES ('', 0);
`

const touch = (blobId: string) =>
  `DELETE FROM check_references WHERE blob_id = ${blobId}; INSERT INTO check_references VALUES (${blobId}, NULL);`

/** SQL that changes the counters of an object's storage class if the walk has passed its key. */
const recount = (row: 'new' | 'old', sign: '+' | '-') => `
  UPDATE check_usage SET objects = objects ${sign} 1, payload_bytes = payload_bytes ${sign} ${row}.size,
                         metadata_bytes = metadata_bytes ${sign} ${row}.metadata_bytes
  WHERE storage_class = ${row}.storage_class AND (SELECT through OR ${row}.key <= upto FROM check_walk);`

// Code that drops a reference updates or deletes the blob's row; code that adds one inserts a row. INSERT OR REPLACE fires no DELETE
// trigger for the row that it replaces: so a trigger reads that row before.
const TRIGGERS: Record<string, string> = {
  check_object_replaced: `BEFORE INSERT ON objects BEGIN
    UPDATE check_usage SET objects = objects - 1, payload_bytes = payload_bytes - old_payload, metadata_bytes = metadata_bytes - old_metadata
    FROM (SELECT storage_class AS old_class, size AS old_payload, metadata_bytes AS old_metadata FROM objects WHERE key = new.key)
    WHERE storage_class = old_class AND (SELECT through OR new.key <= upto FROM check_walk);
  END`,
  check_object_inserted: `AFTER INSERT ON objects BEGIN ${recount('new', '+')} ${touch('new.blob_id')} END`,
  // Tags change the bytes of metadata. The name stays, because a check of the version before may be open.
  check_object_moved: `AFTER UPDATE OF storage_class, metadata_bytes ON objects BEGIN ${recount('old', '-')} ${recount('new', '+')} END`,
  check_object_deleted: `AFTER DELETE ON objects BEGIN ${recount('old', '-')} END`,
  check_part_inserted: `AFTER INSERT ON parts BEGIN ${touch('new.blob_id')} END`,
  check_extent_inserted: `AFTER INSERT ON extents BEGIN ${touch('new.blob_id')} END`,
  check_blob_counted: `AFTER UPDATE OF refs ON blobs BEGIN ${touch('new.id')} END`,
  check_blob_deleted: `AFTER DELETE ON blobs BEGIN ${touch('old.id')} END`,
}

/** The state of a check between two steps. */
export interface CheckState {
  readonly id: string
  readonly step: number
  readonly phase: string
  /** The last row that was looked at, by its primary key. */
  readonly after: readonly (string | number)[] | null
  readonly touchedMs: number
}

/** Starts a check, and ends one that was running. */
export function openCheck({ sql }: Context): void {
  closeCheck(sql)
  sql.exec(TABLES)
  for (const [name, body] of Object.entries(TRIGGERS)) sql.exec(`CREATE TRIGGER ${name} ${body}`)
}

/** Ends a check, if one is running. */
export function closeCheck(sql: SqlStorage): void {
  for (const name of Object.keys(TRIGGERS)) sql.exec(`DROP TRIGGER IF EXISTS ${name}`)
  for (const name of ['check_references', 'check_usage', 'check_walk']) dropTable(sql, name)
  writeSetting(sql, SETTING, null)
}

/** Drops a table. If a read left its cursor open, SQLite cannot drop it: then the table stays, empty, until the next check. */
function dropTable(sql: SqlStorage, name: string): void {
  try {
    sql.exec(`DROP TABLE IF EXISTS ${name}`)
  } catch {
    sql.exec(`DELETE FROM ${name}`)
  }
}

export const readCheck = (sql: SqlStorage): CheckState | null => readSetting<CheckState>(sql, SETTING)

/** Stores the state of a check. The alarm ends the check if no further step follows. */
export function saveCheck({ sql, wakeAt }: Context, state: CheckState): void {
  writeSetting(sql, SETTING, state)
  wakeAt(state.touchedMs + ABANDONED_MS)
}

/** When the running check expires; `null` when none is running. */
export function checkExpiryMs(sql: SqlStorage): number | null {
  const state = readCheck(sql)
  return state && state.touchedMs + ABANDONED_MS
}

/** Ends a check that nobody continued. */
export function forgetStaleCheck({ sql, now }: Context): void {
  const expiryMs = checkExpiryMs(sql)
  if (expiryMs !== null && expiryMs <= now()) closeCheck(sql)
}
