import * as z from 'zod'
import { JURISDICTIONS, type StorageClass as StorageClassName } from '../../core/object.ts'

/** A jurisdiction is a namespace of its own: without the right one, a bucket is not seen. */
export const Jurisdiction = z.enum(JURISDICTIONS).default('default')

export const JurisdictionHeader = z.object({ 'cf-r2-jurisdiction': Jurisdiction })
export type JurisdictionHeader = z.output<typeof JurisdictionHeader>

export const StorageClass = z.enum(['Standard', 'InfrequentAccess'] satisfies StorageClassName[], { error: 'InvalidStorageClass' })

export const Timestamp = z.iso.datetime()

/** How many items a page has at most. */
export const PerPage = z.coerce.number().int().min(1).max(1000)

/** Pages of an array by number: clients ask for the next until one is empty. */
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

/** What stands beside one page of an array. */
export function pageInfo({ page, per_page }: Pick<PageQuery, 'page' | 'per_page'>, count: number, total: number): z.input<typeof PageInfo> {
  return { page, per_page, count, total_count: total, total_pages: Math.ceil(total / per_page) }
}

/** Nothing to tell, which is still an object: clients unwrap it. */
export const Nothing = z.object({})

export const isoTime = (ms: number): string => new Date(ms).toISOString()
