import type { BucketInfo } from '../../../src/core/bucket.ts'
import { invalidArgument, StoreError } from '../../../src/core/errors.ts'
import type { ImportReport } from '../../../src/core/maintenance.ts'
import { bucketPath, type StorageClass } from '../../../src/core/object.ts'
import { findSetting, type Setting } from '../../../src/core/settings.ts'
import type { Step } from '../../../src/core/step.ts'
import { checkObjectTags, type TagSet } from '../../../src/core/tags.ts'
import { insertRow } from '../../common/insert-row.ts'
import { readSetting, writeSetting } from '../../common/settings.ts'
import { addReference } from '../blobs/blobs.ts'
import { noticeKey } from '../blobs/key-marker.ts'
import type { Context } from '../context.ts'
import { type Finished, finishedImport } from '../imported.ts'
import { followSetting } from '../rules/follow-setting.ts'
import { objectDueMs, uploadDueMs } from '../rules/lifecycle-due.ts'
import { bucketInfo, isImporting } from '../state.ts'
import { count } from '../usage.ts'
import {
  BYTE_COLUMNS,
  COLUMNS,
  type EndLine,
  FORMAT,
  FORMAT_VERSION,
  type HeaderLine,
  type Line,
  type Row,
  type RowType,
  type SettingLine,
} from './dump-format.ts'

/** The progress of an import. It stays when an import is interrupted, and the import may then be run again. */
interface State {
  readonly lines: number
  /** The time of the export, which identifies it. */
  readonly exportedMs: number
}

/** For this long an import whose last answer was lost may be run again: the client then gets the answer that it is done. */
const REPEAT_MS = 3_600_000

const TABLES: Record<RowType, { table: string; key: readonly string[] }> = {
  upload: { table: 'uploads', key: ['id'] },
  part: { table: 'parts', key: ['upload_id', 'part_number'] },
  object: { table: 'objects', key: ['key'] },
  blob: { table: 'blobs', key: ['id'] },
  extent: { table: 'extents', key: ['owner_id', 'start'] },
}

/**
 * Does one bounded step of an import into an empty bucket: imports some lines of an export, of which the first step brings the header.
 * References and usage are counted again. Rows that exist already, because a step was repeated or an import was interrupted, are skipped.
 * @throws StoreError InvalidArgument for lines that do not fit, InvalidRequest for a bucket that cannot take them
 */
export function importLines(context: Context, text: string): Step<number, ImportReport> {
  const { sql } = context
  const parsed = text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine)
  const finished = finishedBefore(context, parsed)
  if (finished) return { report: { lines: finished.lines } }
  redeemAll(sql, parsed)
  let state = readSetting<State>(sql, 'import')
  for (const line of parsed) {
    if (line.type === FORMAT) state = begin(sql, line as HeaderLine)
    if (!state) throw invalidArgument('The import does not start with its header.')
    if (line.type === 'end') {
      finish(context, line as EndLine, state)
      return { report: { lines: state.lines } }
    }
    if (line.type === 'setting') importSetting(context, line as SettingLine)
    else if (line.type !== FORMAT) importRow(context, line as Row)
    state = { ...state, lines: state.lines + 1 }
  }
  if (state) writeSetting(sql, 'import', state)
  const lines = state?.lines ?? 0
  return { report: { lines }, next: lines }
}

/**
 * The finished import that these lines belong to, if the bucket has not changed since: a client repeats its last step, or all of it.
 * Otherwise `null`.
 * @throws StoreError InvalidArgument for a header that does not fit
 */
function finishedBefore({ sql, now }: Context, lines: readonly Line[]): Finished | null {
  const finished = finishedImport(sql)
  if (!finished || isImporting(sql) || now() - finished.finishedMs > REPEAT_MS) return null
  const [first, last] = [lines[0], lines.at(-1)]
  if (first?.type !== FORMAT) return last?.type === 'end' && (last as EndLine).lines === finished.lines ? finished : null
  checkHeader(sql, first as HeaderLine)
  return (first as HeaderLine).exportedMs === finished.exportedMs && isTaken(sql) ? finished : null
}

function parseLine(text: string): Line {
  try {
    const line = JSON.parse(text) as Line
    if (line.type === FORMAT || line.type === 'setting' || line.type === 'end' || Object.hasOwn(COLUMNS, line.type)) return line
  } catch {
    // The error below covers invalid JSON as well.
  }
  throw invalidArgument(`This is no line of a bucket's export: ${text.slice(0, 80)}`)
}

/**
 * Removes the blobs and uploads of these lines from the garbage list, in the transaction that imports them, so that the sweep does not
 * delete them.
 */
function redeemAll(sql: SqlStorage, lines: readonly Line[]): void {
  const ids = lines.flatMap((line) => (line.type === 'blob' || line.type === 'upload' ? [(line as Row).id] : []))
  if (ids.length > 0) sql.exec('DELETE FROM garbage WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids))
}

function begin(sql: SqlStorage, header: HeaderLine): State {
  checkHeader(sql, header)
  if (isTaken(sql) && !isImporting(sql)) throw new StoreError('InvalidRequest', { message: 'The bucket is not empty.' })
  return { lines: 0, exportedMs: header.exportedMs }
}

/** @throws StoreError InvalidArgument for an export of a newer format, or of another bucket */
function checkHeader(sql: SqlStorage, { version, jurisdiction, bucket }: HeaderLine): void {
  const info = bucketInfo(sql)
  if (version > FORMAT_VERSION) throw invalidArgument(`The export is of version ${version}, this Cairn reads ${FORMAT_VERSION}.`)
  if (bucket !== info.name || jurisdiction !== info.jurisdiction) {
    // Keys are derived from the bucket's name. And if two buckets owned one segment, each would delete it while the other still needs it.
    const path = bucketPath({ jurisdiction, name: bucket })
    throw invalidArgument(`The export is of the bucket ${path} and can only become that bucket again.`)
  }
}

const isTaken = (sql: SqlStorage): boolean =>
  sql.exec("SELECT 1 FROM objects UNION ALL SELECT 1 FROM uploads WHERE state = 'open' LIMIT 1").toArray().length > 0

function finish({ sql, now, wakeAt }: Context, { lines }: EndLine, imported: State): void {
  if (imported.lines !== lines) throw invalidArgument(`The export has ${lines} lines, of which ${imported.lines} were imported.`)
  writeSetting(sql, 'import', null)
  writeSetting(sql, 'imported', { ...imported, finishedMs: now() } satisfies Finished)
  wakeAt(now()) // Lifecycle rules wait until the import ends.
}

/**
 * Imports a setting. Of `info`, the bucket's own description, it keeps the bucket's present place and name.
 * @throws StoreError InvalidArgument for a name that no setting has, and the errors of the setting's own check
 */
function importSetting(context: Context, { name, value }: SettingLine): void {
  const { sql } = context
  if (name === 'info') {
    const { createdMs, storageClass } = value as BucketInfo
    writeSetting(sql, name, { ...bucketInfo(sql), createdMs, storageClass })
    return
  }
  const setting = findSetting(name)
  if (!setting) throw invalidArgument(`There is no setting ${name} to import.`)
  checkSetting(setting, value)
  const old = readSetting<never>(sql, name)
  writeSetting(sql, name, value)
  followSetting(context, setting.name, { before: old, after: value as never })
}

function checkSetting({ name, checkStored }: Setting, value: unknown): void {
  try {
    checkStored(value as never)
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw invalidArgument(`The setting ${name} is invalid: ${(error as Error).message}`)
  }
}

function importRow(context: Context, row: Row): void {
  const { sql } = context
  // An upload that was aborted or completed after the export is open again.
  if (row.type === 'upload') sql.exec("DELETE FROM uploads WHERE id = ? AND state <> 'open'", row.id)
  if (isThere(sql, row)) return
  checkTags(row)
  insert(sql, row, dueOf(context, row))
  if (row.type === 'blob' && row.key_id) noticeKey(context, String(row.key_id))
  if ('blob_id' in row) addReference(sql, String(row.blob_id))
  if (row.type === 'object') countObject(sql, row)
  else if (row.type === 'upload') countUpload(context, row)
  else if (row.type === 'part') countBytes(sql, { uploadId: String(row.upload_id), bytes: Number(row.size) })
}

/** Rules read the tags of a row, so they must be right before the row is stored. @throws StoreError InvalidArgument */
function checkTags({ type, tags }: Row): void {
  if (tags == null) return
  try {
    checkObjectTags(JSON.parse(String(tags)) as TagSet)
  } catch (error) {
    throw invalidArgument(`A line of the type ${type} has wrong tags: ${(error as Error).message}`)
  }
}

/** @throws StoreError InvalidRequest when another client wrote this object */
function isThere(sql: SqlStorage, row: Row): boolean {
  const { table, key } = TABLES[row.type]
  const conditions = key.map((column) => `${column} = ?`).join(' AND ')
  const version = row.type === 'object' ? 'version' : 'NULL AS version'
  const [found] = sql.exec(`SELECT ${version} FROM ${table} WHERE ${conditions}`, ...key.map((column) => row[column] ?? null))
  if (found && row.type === 'object' && found.version !== row.version) {
    throw new StoreError('InvalidRequest', { message: `The bucket was written to during the import: ${JSON.stringify(row.key)}.` })
  }
  return found !== undefined
}

const DEFAULTS: Partial<Record<RowType, Readonly<Record<string, string | number>>>> = {
  blob: { refs: 0 },
  upload: { state: 'open', bytes: 0 },
}

/** The due date that lifecycle rules give to a row. It is not in the export, since the rules may have changed. */
function dueOf(context: Context, { type, key, uploaded_ms, created_ms, storage_class, size, tags }: Row): { due_ms?: number | null } {
  const spelled = String(key)
  if (type === 'upload') return { due_ms: uploadDueMs(context, { key: spelled, created_ms: Number(created_ms) || 0 }) }
  if (type !== 'object') return {}
  const row = {
    key: spelled,
    uploaded_ms: Number(uploaded_ms) || 0,
    storage_class: storage_class as StorageClass,
    size: Number(size),
    tags: tags == null ? null : String(tags),
  }
  return { due_ms: objectDueMs(context, row) }
}

function insert(sql: SqlStorage, row: Row, due: { due_ms?: number | null }): void {
  const values: Record<string, SqlStorageValue | Uint8Array> = { ...DEFAULTS[row.type], ...due }
  for (const column of COLUMNS[row.type]) {
    const value = row[column] ?? null
    values[column] = value !== null && BYTE_COLUMNS.includes(column) ? Uint8Array.fromBase64(String(value)) : value
  }
  try {
    insertRow(sql, TABLES[row.type].table, values)
  } catch (error) {
    throw invalidArgument(`A line of the type ${row.type} is invalid: ${(error as Error).message}`)
  }
}

function countObject(sql: SqlStorage, row: Row): void {
  const change = { objects: 1, payloadBytes: Number(row.size), metadataBytes: Number(row.metadata_bytes) }
  count(sql, row.storage_class as StorageClass, change)
}

/** Counts an upload. If it was aborted and its parts are not swept yet, they are its parts again. */
function countUpload({ sql }: Context, { id, storage_class }: Row): void {
  count(sql, storage_class as StorageClass, { uploads: 1 })
  const { bytes } = sql.exec<{ bytes: number }>('SELECT coalesce(sum(size), 0) AS bytes FROM parts WHERE upload_id = ?', id).one()
  countBytes(sql, { uploadId: String(id), bytes })
}

function countBytes(sql: SqlStorage, { uploadId, bytes }: { uploadId: string; bytes: number }): void {
  const [upload] = sql.exec<{ storage_class: StorageClass }>(
    "UPDATE uploads SET bytes = bytes + ? WHERE id = ? AND state = 'open' RETURNING storage_class",
    bytes,
    uploadId,
  )
  if (!upload) throw invalidArgument(`A part's upload ${uploadId} is not in the export.`)
  count(sql, upload.storage_class, { uploadBytes: bytes })
}
