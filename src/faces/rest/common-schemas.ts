import * as z from 'zod'
import { JURISDICTIONS, type StorageClass as StorageClassName } from '../../core/object.ts'

/** Each jurisdiction is a separate namespace: a request only sees the buckets of the jurisdiction that it names. */
export const Jurisdiction = z.enum(JURISDICTIONS).default('default')

export const JurisdictionHeader = z.object({ 'cf-r2-jurisdiction': Jurisdiction })
export type JurisdictionHeader = z.output<typeof JurisdictionHeader>

export const StorageClass = z.enum(['Standard', 'InfrequentAccess'] satisfies StorageClassName[], { error: 'InvalidStorageClass' })

export const Timestamp = z.iso.datetime()

/** The maximum number of items on a page. */
export const PerPage = z.coerce.number().int().min(1).max(1000)

/** The numbered pages of an array. Clients ask for the next page until one is empty. */
export const PageQuery = z.object({
  page: z.coerce.number().int().min(1).default(1),
  per_page: z.coerce.number().int().min(1).max(1000).default(100),
  direction: z.enum(['asc', 'desc']).optional(),
})
export type PageQuery = z.output<typeof PageQuery>

export const PageInfo = z.object({
  page: z.int(),
  per_page: z.int(),
  count: z.int(),
  total_count: z.int(),
  total_pages: z.int(),
})

/** Returns the `result_info` of one page of an array. */
export function pageInfo({ page, per_page }: Pick<PageQuery, 'page' | 'per_page'>, count: number, total: number): z.input<typeof PageInfo> {
  return { page, per_page, count, total_count: total, total_pages: Math.ceil(total / per_page) }
}

/** An empty result. It is still an object, because clients unwrap it. */
export const Nothing = z.object({})

export const isoTime = (ms: number): string => new Date(ms).toISOString()
