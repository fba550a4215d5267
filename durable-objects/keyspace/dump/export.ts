import { StoreError } from '../../../src/core/errors.ts'
import { EXPORTED_SETTINGS } from '../../../src/core/settings.ts'
import type { Step } from '../../../src/core/step.ts'
import type { ExportCursor } from '../../../src/store/maintenance/maintenance-api.ts'
import { readSetting } from '../../common/settings.ts'
import { COMPOSITE } from '../blobs/blobs.ts'
import type { Context } from '../context.ts'
import { bucketInfo } from '../state.ts'
import { BYTE_COLUMNS, COLUMNS, FORMAT, FORMAT_VERSION, type Line, type Row, type RowType } from './dump-format.ts'

/** About how many bytes one step writes, and how many rows of uploads, parts or objects it reads at a time. */
const PAGE_BYTES = 2 * 1024 * 1024
const ROWS = 100

type ExportStep = Step<ExportCursor, string>

type SqlRow = Record<string, SqlStorageValue>

/** The tables that the walk reads, in this order. Objects come last, so an upload that is completed meanwhile is exported as an object. */
const WALKS = {
  upload: { key: ['id'], from: "uploads WHERE state = 'open' AND" },
  part: { key: ['upload_id', 'part_number'], from: "parts WHERE upload_id IN (SELECT id FROM uploads WHERE state = 'open') AND" },
  object: { key: ['key'], from: 'objects WHERE' },
} as const satisfies Partial<Record<RowType, { key: readonly string[]; from: string }>>
type Walked = keyof typeof WALKS
const ORDER: readonly Walked[] = ['upload', 'part', 'object']
const START: Record<Walked, readonly (string | number)[]> = { upload: [''], part: ['', 0], object: [''] }

/**
 * Does one bounded step of an export. Every object and part is exported with the blobs of its body, all as they are at one moment. A change
 * at a place that the walk has passed is not in the export.
 * @throws StoreError InvalidRequest when a body that takes several steps is swept before its last step
 */
export function exportPage(context: Context, cursor: ExportCursor | undefined): ExportStep {
  const page = new Page(context.sql, cursor?.lines ?? 0)
  if (!cursor) page.writeStart(context.now())
  let walk: Walked | undefined = cursor?.walk ?? 'upload'
  let after = cursor?.after ?? START[walk]
  if (cursor?.body && !page.writeExtents(cursor.body)) return page.goesOn({ walk, after })
  while (walk !== undefined) {
    const rows: SqlRow[] = readRows(context.sql, walk, after)
    for (const row of rows) {
      after = WALKS[walk].key.map((column) => row[column] as string | number)
      if (!page.writeWithBody(walk, row) || page.isFull()) return page.goesOn({ walk, after })
    }
    if (rows.length < ROWS) {
      walk = ORDER[ORDER.indexOf(walk) + 1]
      after = walk ? START[walk] : []
    }
  }
  return page.end()
}

function readRows(sql: SqlStorage, walk: Walked, after: readonly (string | number)[]): SqlRow[] {
  const { key, from } = WALKS[walk]
  const columns = COLUMNS[walk].join(', ')
  const position = `(${key.join(', ')}) > (${key.map(() => '?').join(', ')})`
  return sql.exec<SqlRow>(`SELECT ${columns} FROM ${from} ${position} ORDER BY ${key.join(', ')} LIMIT ?`, ...after, ROWS).toArray()
}

/** The text of one step. */
class Page {
  readonly #sql: SqlStorage
  readonly #blobs = new Set<string>()
  #text = ''
  #lines: number
  /** The body whose extents continue in the next step. */
  #body: ExportCursor['body']

  constructor(sql: SqlStorage, lines: number) {
    this.#sql = sql
    this.#lines = lines
  }

  isFull(): boolean {
    return this.#text.length >= PAGE_BYTES
  }

  goesOn(position: Pick<ExportCursor, 'walk' | 'after'>): ExportStep {
    return { report: this.#text, next: { ...position, lines: this.#lines, body: this.#body } }
  }

  end(): ExportStep {
    this.#add({ type: 'end', lines: this.#lines })
    return { report: this.#text }
  }

  writeStart(nowMs: number): void {
    const { jurisdiction, name } = bucketInfo(this.#sql)
    this.#add({ type: FORMAT, version: FORMAT_VERSION, jurisdiction, bucket: name, exportedMs: nowMs })
    for (const name of ['info', ...EXPORTED_SETTINGS]) {
      const value = readSetting(this.#sql, name)
      if (value !== null) this.#add({ type: 'setting', name, value })
    }
  }

  #write(type: RowType, row: SqlRow): void {
    const columns = COLUMNS[type].map((column) => [column, BYTE_COLUMNS.includes(column) ? base64(row[column]) : row[column]])
    this.#add({ type, ...Object.fromEntries(columns) } as Row)
  }

  /**
   * Writes the blob that a row refers to, then the row, then the blob's extents. Returns false when the extents continue in the next step.
   */
  writeWithBody(type: Walked, row: SqlRow): boolean {
    const blob = 'blob_id' in row ? this.#writeBlob(String(row.blob_id)) : undefined
    this.#write(type, row)
    return blob?.tier !== COMPOSITE || this.writeExtents({ ownerId: String(blob.id), end: 0, size: Number(blob.size) })
  }

  /**
   * Writes the extents of a composite from `end` on, each after its blob. If the composite is deleted meanwhile, they exist until the grace
   * period ends. Returns false when they continue in the next step.
   */
  writeExtents({ ownerId, end, size }: NonNullable<ExportCursor['body']>): boolean {
    let at = end
    while (at < size) {
      const rows = this.#extentsFrom(ownerId, at)
      if (rows.length === 0) return this.#isAsItWas(ownerId)
      for (const row of rows) {
        if (this.isFull()) {
          this.#body = { ownerId, end: at, size }
          return false
        }
        this.#writeBlob(String(row.blob_id))
        this.#write('extent', row)
        at = Number(row.start) + Number(row.length)
      }
    }
    return true
  }

  /**
   * Handles a body whose end is missing. If its composite still exists, the body is exported as it is, and `fsck` reports it. Otherwise the
   * sweep has just deleted the end.
   */
  #isAsItWas(ownerId: string): true {
    if (this.#sql.exec('SELECT 1 FROM blobs WHERE id = ?', ownerId).toArray().length > 0) return true
    throw new StoreError('InvalidRequest', { message: 'An object was replaced and swept while it was exported: start again.' })
  }

  /** Reads all rows at once: SQLite can drop no table while a cursor is open. */
  #extentsFrom(ownerId: string, start: number): SqlRow[] {
    const query = 'SELECT * FROM extents WHERE owner_id = ? AND start >= ? ORDER BY start LIMIT ?'
    return this.#sql.exec<SqlRow>(query, ownerId, start, ROWS).toArray()
  }

  /**
   * Writes a blob, once in each step. If it does not exist, nothing is written: the row that refers to it is exported as it is, and `fsck`
   * reports it.
   */
  #writeBlob(blobId: string): SqlRow | undefined {
    if (this.#blobs.has(blobId)) return undefined
    this.#blobs.add(blobId)
    const [row] = this.#sql.exec<SqlRow>('SELECT * FROM blobs WHERE id = ?', blobId).toArray()
    if (row) this.#write('blob', row)
    return row
  }

  #add(line: Line): void {
    this.#text += `${JSON.stringify(line)}\n`
    this.#lines++
  }
}

const base64 = (value: SqlStorageValue | undefined): string | null =>
  value instanceof ArrayBuffer ? new Uint8Array(value).toBase64() : null
