import type { Jurisdiction } from '../../../src/core/object.ts'

// A bucket's metadata as JSON lines: a header, then the rows as they are in the tables, then an end. docs/guides/operations.md describes
// the format.

export const FORMAT = 'cairn-bucket'
/** Increases when an older Cairn cannot read the exports of a newer one. Version 2 has tags, and lifecycle rules that filter by them. */
export const FORMAT_VERSION = 2

export interface HeaderLine {
  readonly type: typeof FORMAT
  readonly version: number
  readonly jurisdiction: Jurisdiction
  readonly bucket: string
  readonly exportedMs: number
}

export interface SettingLine {
  readonly type: 'setting'
  readonly name: string
  readonly value: unknown
}

export interface EndLine {
  readonly type: 'end'
  /** How many lines come before this one. */
  readonly lines: number
}

export type Row = { readonly type: RowType } & Readonly<Record<string, string | number | null>>
export type Line = HeaderLine | SettingLine | Row | EndLine

/** The columns of each kind of row. Values that an import counts again are left out: references, usage, the bytes of an upload. */
export const COLUMNS = {
  upload: [
    'id',
    'key',
    'spelled',
    'created_ms',
    'storage_class',
    'http_metadata',
    'custom_metadata',
    'checksum_algorithm',
    'checksum_type',
    'ssec_key_md5',
    'tags',
  ],
  part: ['upload_id', 'part_number', 'blob_id', 'size', 'etag', 'checksum', 'uploaded_ms'],
  object: [
    'key',
    'spelled',
    'version',
    'blob_id',
    'size',
    'etag',
    'uploaded_ms',
    'storage_class',
    'http_metadata',
    'custom_metadata',
    'hashes',
    'checksum',
    'ssec_key_md5',
    'parts_count',
    'metadata_bytes',
    'moved_ms',
    'last_part',
    'tags',
  ],
  blob: ['id', 'size', 'tier', 'chunk_bytes', 'segment_bytes', 'wrapped_key', 'key_id', 'bytes'],
  extent: ['owner_id', 'start', 'length', 'blob_id', 'blob_offset', 'part_number'],
} as const
export type RowType = keyof typeof COLUMNS

/** Columns that hold bytes, all of them ciphertext: they are base64 in a line. */
export const BYTE_COLUMNS: readonly string[] = ['wrapped_key', 'bytes']
