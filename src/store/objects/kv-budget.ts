import type { BlobSlice } from '../../core/blob.ts'
import { StoreError } from '../../core/errors.ts'
import { planSegments } from '../../core/read-plan.ts'
import type { BodyRest, BodySlices } from '../bucket-api.ts'

/** The KV operations that a request reserves for retries. */
const SPARE = 50
const GIB = 1024 ** 3
const MIB = 1024 ** 2

/** The limits for counting: how many further pages of slices to read, and after how many inline bytes to stop. */
const PAGES = 3
const INLINE_BYTES = 1024 * 1024

/** A read, and the function that returns the next page of its slices. */
export interface PagedRead {
  readonly length: number
  /** How many KV operations the platform allows the request. */
  readonly operations: number
  readonly more: (rest: BodyRest) => Promise<BodySlices>
}

/**
 * Refuses a read that needs more KV operations than the platform allows for a request. It checks this before the first byte, because the
 * platform would cut the read off in the middle. Each segment costs one operation. If the slices come in pages, it reads some further pages
 * to count their segments; the reader needs these pages anyway. For the pages after them, it estimates the number from the known slices.
 * @returns the slices that it has read, with the rest
 * @throws StoreError InvalidRequest with the longest possible range
 */
export async function checkKvBudget(body: BodySlices, { length, operations, more }: PagedRead): Promise<BodySlices> {
  const most = operations - SPARE
  if (length <= most) return body
  let { slices, rest } = body
  for (let pages = 0; rest && pages < PAGES && countSegments(slices) <= most && inlineBytes(slices) < INLINE_BYTES; pages++) {
    const page = await more(rest)
    slices = [...slices, ...page.slices]
    rest = page.rest
  }
  const known = countSegments(slices)
  const bytes = slices.reduce((sum, { span }) => sum + span.length, 0)
  const needed = rest && bytes > 0 ? Math.ceil((known * length) / bytes) : known
  if (needed > most) throw tooMany(needed, operations, Math.floor((most * length) / needed))
  return { slices, rest }
}

const countSegments = (slices: readonly BlobSlice[]): number =>
  slices.reduce((sum, { blob, span }) => sum + (blob.tier === 'kv' ? planSegments(blob, span).length : 0), 0)

const inlineBytes = (slices: readonly BlobSlice[]): number => slices.reduce((sum, { blob }) => sum + (blob.inline?.byteLength ?? 0), 0)

function tooMany(needed: number, operations: number, rangeBytes: number): StoreError {
  const range = rangeBytes >= GIB ? Math.floor(rangeBytes / GIB) * GIB : Math.max(1, Math.floor(rangeBytes / MIB)) * MIB
  const message =
    `Reading this much takes ${needed} reads from KV, and Cloudflare allows a request ${operations}. ` +
    `Ask for ranges of at most ${range} bytes, such as "Range: bytes=0-${range - 1}".`
  return new StoreError('InvalidRequest', { message })
}
