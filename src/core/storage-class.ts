import { LIMITS } from './limits.ts'
import type { StorageClass } from './object.ts'

const DAY_MS = 86_400_000

/**
 * The rest of the minimum storage duration of an object that is deleted, moved or replaced now, in bytes times whole days. R2 bills this
 * rest as well. It does not include the current day, since storage is billed by the day.
 * https://developers.cloudflare.com/r2/pricing/#minimum-storage-duration
 * @param sinceMs when the object entered its storage class.
 */
export function unusedByteDays(
  { storageClass, size, sinceMs }: { readonly storageClass: StorageClass; readonly size: number; readonly sinceMs: number },
  nowMs: number,
): number {
  if (storageClass !== 'InfrequentAccess') return 0
  const days = LIMITS.infrequentAccessDays - Math.ceil((nowMs - sinceMs) / DAY_MS)
  return size * Math.min(Math.max(days, 0), LIMITS.infrequentAccessDays)
}
