import { StoreError } from '../../../src/core/errors.ts'
import { EXPORTED_SETTINGS } from '../../../src/core/settings.ts'
import type { Step } from '../../../src/core/step.ts'
import type { ExportCursor } from '../../../src/store/maintenance/maintenance-api.ts'
import { readSetting } from '../../common/settings.ts'
import { COMPOSITE } from '../blobs/blobs.ts'
import type { Context } from '../context.ts'
import { bucketInfo } from '../state.ts'
import { BYTE_COLUMNS, COLUMNS, FORMAT, FORMAT_VERSION, type Line, type Row, type RowType } from './dump-format.ts'

/** About how much one step writes, and how many rows of uploads, parts or objects it takes at a time. */
const PAGE_BYTES = 2 * 1024 * 1024
const ROWS = 100

type ExportStep = Step<ExportCursor, string>

type SqlRow = Record<string, SqlStorageValue>

/** What the walk goes through, in this order: an upload that is completed meanwhile is met as an object. */
const WALKS = {
  upload: { key: ['id'], from: "uploads WHERE state = 'open' AND" },
  part: { key: ['upload_id', 'part_number'], from: "parts WHERE upload_id IN (SELECT id FROM uploads WHERE state = 'open') AND" },
  object: { key: ['key'], from: 'objects WHERE' },
} as const satisfies Partial<Record<RowType, { key: readonly string[]; from: string }>>
type Walked = keyof typeof WALKS
const ORDER: readonly Walked[] = ['upload', 'part', 'object']
const START: Record<Walked, readonly (string | number)[]> = { upload: [''], part: ['', 0], object: [''] }

/**
 * One bounded step of an export. Every object and part comes with its body's blobs, as they are at one moment; what is written
 * behind the walk is not in the export.
 * @throws StoreError InvalidRequest when a body that spans several steps is swept before its end
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
  /** Where the extents of a body go on in the next step. */
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

  /** A row behind the blob that it refers to, and before the blob's extents; false when those go on in the next step. */
  writeWithBody(type: Walked, row: SqlRow): boolean {
    const blob = 'blob_id' in row ? this.#writeBlob(String(row.blob_id)) : undefined
    this.#write(type, row)
    return blob?.tier !== COMPOSITE || this.writeExtents({ ownerId: String(blob.id), end: 0, size: Number(blob.size) })
  }

  /** The extents of a composite from `end` on, each behind its blob. They outlive it by the grace period. */
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

  /** A body that lacks its end is fsck's affair, and exported as it is; unless it lost the end to the sweep just now. */
  #isAsItWas(ownerId: string): true {
    if (this.#sql.exec('SELECT 1 FROM blobs WHERE id = ?', ownerId).toArray().length > 0) return true
    throw new StoreError('InvalidRequest', { message: 'An object was replaced and swept while it was exported: start again.' })
  }

  /** Read whole: a cursor that is left open would keep tables from being dropped. */
  #extentsFrom(ownerId: string, start: number): SqlRow[] {
    const query = 'SELECT * FROM extents WHERE owner_id = ? AND start >= ? ORDER BY start LIMIT ?'
    return this.#sql.exec<SqlRow>(query, ownerId, start, ROWS).toArray()
  }

  /** Once a step. A reference to nothing is fsck's affair, and is exported as it is. */
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
