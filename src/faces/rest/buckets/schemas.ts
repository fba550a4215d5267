import * as z from 'zod'
import type { BucketInfo } from '../../../core/bucket.ts'
import { JURISDICTIONS, LOCATIONS } from '../../../core/object.ts'
import { isoTime, JurisdictionHeader, PerPage, StorageClass, Timestamp } from '../common-schemas.ts'

export const Bucket = z.object({
  name: z.string(),
  creation_date: Timestamp,
  /** In capitals, as R2 answers. `auto`, as in S3's GetBucketLocation, if the platform chose the location: it does not tell us its choice. */
  location: z.enum(['WNAM', 'ENAM', 'WEUR', 'EEUR', 'APAC', 'OC', 'auto']),
  storage_class: StorageClass,
  jurisdiction: z.enum(JURISDICTIONS),
})
export type Bucket = z.input<typeof Bucket>

export const BucketList = z.object({ buckets: z.array(Bucket) })
export const BucketListInfo = z.object({ cursor: z.string(), per_page: z.int() })

export const ListBucketsQuery = z.object({
  name_contains: z.string().optional(),
  start_after: z.string().optional(),
  /** The default is the maximum, because wrangler prints one page only. */
  per_page: PerPage.default(1000),
  order: z.literal('name').optional(),
  direction: z.enum(['asc', 'desc']).default('asc'),
  cursor: z.string().optional(),
})
export type ListBucketsQuery = z.output<typeof ListBucketsQuery>

export const CreateBucketBody = z.object({
  name: z.string({ error: 'InvalidBucketName' }),
  locationHint: z
    .string()
    .toLowerCase()
    .pipe(z.enum([...LOCATIONS, 'auto']))
    .optional(),
  storageClass: StorageClass.optional(),
})
export type CreateBucketBody = z.output<typeof CreateBucketBody>

export const UpdateBucketHeaders = JurisdictionHeader.extend({ 'cf-r2-storage-class': StorageClass })
export type UpdateBucketHeaders = z.output<typeof UpdateBucketHeaders>

/** Returns a bucket as the REST API shows it. */
export function toBucket({ name, createdMs, location, storageClass, jurisdiction }: BucketInfo): Bucket {
  return {
    name,
    creation_date: isoTime(createdMs),
    location: (location?.toUpperCase() ?? 'auto') as Bucket['location'],
    storage_class: storageClass,
    jurisdiction,
  }
}
