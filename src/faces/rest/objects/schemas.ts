import * as z from 'zod'
import type { ObjectHead } from '../../../core/object.ts'
import { isoTime, JurisdictionHeader, PerPage, StorageClass, Timestamp } from '../common-schemas.ts'
import { Prefix } from '../jobs/schemas.ts'

export const HttpMetadata = z.object({
  contentType: z.string().optional(),
  cacheControl: z.string().optional(),
  contentDisposition: z.string().optional(),
  contentEncoding: z.string().optional(),
  contentLanguage: z.string().optional(),
  cacheExpiry: Timestamp.optional(),
})

export const ObjectMeta = z.object({
  key: z.string(),
  etag: z.string(),
  size: z.int(),
  last_modified: Timestamp,
  storage_class: StorageClass,
  ssec: z.boolean(),
  http_metadata: HttpMetadata,
  custom_metadata: z.record(z.string(), z.string()),
})
export type ObjectMeta = z.input<typeof ObjectMeta>

export const ListObjectsQuery = z.object({
  prefix: z.string().default(''),
  delimiter: z.string().optional(),
  start_after: z.string().optional(),
  per_page: PerPage.default(1000),
  cursor: z.string().optional(),
})
export type ListObjectsQuery = z.output<typeof ListObjectsQuery>

export const ObjectListInfo = z.object({
  cursor: z.string(),
  is_truncated: z.boolean(),
  per_page: z.int(),
  delimited: z.array(z.string()),
})

export const GetObjectHeaders = JurisdictionHeader.extend({ 'cf-metadata-only': z.string().optional() })
export type GetObjectHeaders = z.output<typeof GetObjectHeaders>

export const PutObjectHeaders = JurisdictionHeader.extend({
  'cf-r2-storage-class': StorageClass.optional(),
  /** A JSON object whose values are strings. */
  'cf-r2-custom-metadata': z.string().optional(),
})
export type PutObjectHeaders = z.output<typeof PutObjectHeaders>

/** The size is a string here and a number in listings, as on R2. */
export const PutResult = z.object({
  key: z.string(),
  etag: z.string(),
  size: z.string(),
  version: z.string(),
  storage_class: StorageClass,
  uploaded: Timestamp,
})

export const DeletedKey = z.object({ key: z.string() })
export const DeleteObjectsBody = z.array(z.string()).max(1000)
export type DeleteObjectsBody = z.output<typeof DeleteObjectsBody>

/** With a prefix, even an empty one, the request starts a job and its body is ignored, as on R2. */
export const DeleteObjectsQuery = z.object({ prefix: Prefix.optional() })
export type DeleteObjectsQuery = z.output<typeof DeleteObjectsQuery>

export const CustomMetadata = z.record(z.string(), z.string())

/** Returns an object as the REST API lists it. */
export function toObjectMeta(head: ObjectHead): ObjectMeta {
  const { cacheExpiryMs, ...texts } = head.httpMetadata
  return {
    key: head.key,
    etag: head.etag,
    size: head.size,
    last_modified: isoTime(head.uploadedMs),
    storage_class: head.storageClass,
    ssec: head.ssecKeyMd5 !== undefined,
    http_metadata: { ...texts, ...(cacheExpiryMs === undefined ? {} : { cacheExpiry: isoTime(cacheExpiryMs) }) },
    custom_metadata: head.customMetadata,
  }
}
