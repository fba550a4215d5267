import type { UploadHead } from '../../src/core/multipart.ts'
import type {
  BindingHashes,
  Checksum,
  ChecksumAlgorithm,
  ChecksumType,
  CustomMetadata,
  HttpMetadata,
  ObjectHead,
  StorageClass,
} from '../../src/core/object.ts'
import type { TagSet } from '../../src/core/tags.ts'

// Rows of the tables as SQLite returns them, and the values that they stand for.

export type ObjectRow = {
  key: string
  spelled: string | null
  version: string
  blob_id: string
  size: number
  etag: string
  uploaded_ms: number
  storage_class: StorageClass
  http_metadata: string | null
  custom_metadata: string | null
  hashes: string | null
  checksum: string | null
  ssec_key_md5: string | null
  parts_count: number | null
  metadata_bytes: number
  moved_ms: number | null
  due_ms: number | null
  last_part: number | null
  tags: string | null
}

export type UploadRow = {
  id: string
  state: 'open' | 'completed' | 'aborted'
  key: string
  spelled: string | null
  created_ms: number
  storage_class: StorageClass
  http_metadata: string | null
  custom_metadata: string | null
  checksum_algorithm: ChecksumAlgorithm | null
  checksum_type: ChecksumType | null
  ssec_key_md5: string | null
  bytes: number
  due_ms: number | null
  tags: string | null
}

export type PartRow = {
  upload_id: string
  part_number: number
  blob_id: string
  size: number
  etag: string
  checksum: string | null
  uploaded_ms: number
}

/** JSON of a record, `null` when it is absent or empty. */
export const toJson = (value: object | undefined): string | null =>
  value === undefined || Object.keys(value).length === 0 ? null : JSON.stringify(value)

/** Parses JSON; undefined when the column is NULL or was not selected. */
const fromJson = <T>(text: string | null | undefined): T | undefined => (text ? (JSON.parse(text) as T) : undefined)

/** One empty record for all rows. The thousand heads of a listing share it, so that RPC sends it only once. */
const NONE: Readonly<Record<string, never>> = Object.freeze({})

export const httpMetadataOf = (row: { http_metadata: string | null }): HttpMetadata => fromJson<HttpMetadata>(row.http_metadata) ?? NONE
export const customMetadataOf = (row: { custom_metadata: string | null }): CustomMetadata =>
  fromJson<CustomMetadata>(row.custom_metadata) ?? NONE
export const tagsOf = (row: { tags: string | null }): TagSet => fromJson<TagSet>(row.tags) ?? []
export const checksumOf = (row: { checksum: string | null }): Checksum | undefined => fromJson<Checksum>(row.checksum)

/** Everything about an object except its bytes. */
export function toHead(row: Omit<ObjectRow, 'due_ms'>): ObjectHead {
  const simple = row.parts_count === null && /^[0-9a-f]{32}$/.test(row.etag)
  return {
    key: row.spelled ?? row.key,
    version: row.version,
    size: row.size,
    etag: row.etag,
    uploadedMs: row.uploaded_ms,
    storageClass: row.storage_class,
    httpMetadata: httpMetadataOf(row),
    customMetadata: customMetadataOf(row),
    hashes: { ...(simple && { md5: row.etag }), ...fromJson<BindingHashes>(row.hashes) },
    checksum: checksumOf(row),
    ssecKeyMd5: row.ssec_key_md5 ?? undefined,
    partsCount: row.parts_count ?? undefined,
  }
}

/** An upload as listings show it. */
export function toUploadHead(row: UploadRow): UploadHead {
  return {
    uploadId: row.id,
    key: row.spelled ?? row.key,
    createdMs: row.created_ms,
    storageClass: row.storage_class,
    checksumAlgorithm: row.checksum_algorithm ?? undefined,
    checksumType: row.checksum_type ?? undefined,
  }
}
