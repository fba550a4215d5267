import { StoreError } from '../../core/errors.ts'
import { planSegments } from '../../core/read-plan.ts'
import type { BodySlices } from '../bucket-api.ts'

/** Operations of KV that a request keeps for what has to be tried again. */
const SPARE = 50
const GIB = 1024 ** 3
const MIB = 1024 ** 2

/**
 * Refuses a read that would need more operations of KV than the platform allows a request, before its first byte: it would be cut off
 * in the middle. Every segment is one. Of a body in pages the first page tells how long segments are.
 * @throws StoreError InvalidRequest that says how long a range may be
 */
export function checkKvBudget({ slices, rest }: BodySlices, length: number, operations: number): void {
  const most = operations - SPARE
  if (length <= most) return
  const inKv = slices.filter(({ blob }) => blob.tier === 'kv')
  const known = inKv.reduce((sum, { blob, span }) => sum + planSegments(blob, span).length, 0)
  const bytes = slices.reduce((sum, { span }) => sum + span.length, 0)
  const needed = rest && bytes > 0 ? Math.ceil((known * length) / bytes) : known
  if (needed > most) throw tooMany(needed, operations, Math.floor((most * length) / needed))
}

function tooMany(needed: number, operations: number, rangeBytes: number): StoreError {
  const range = rangeBytes >= GIB ? Math.floor(rangeBytes / GIB) * GIB : Math.max(1, Math.floor(rangeBytes / MIB)) * MIB
  const message =
    `Reading this much takes ${needed} reads from KV, and Cloudflare allows a request ${operations}. ` +
    `Ask for ranges of at most ${range} bytes, such as "Range: bytes=0-${range - 1}".`
  return new StoreError('InvalidRequest', { message })
}
