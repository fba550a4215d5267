import type { StorageClass } from '../core/object.ts'
import { type PriceClass, priceClassOf } from '../core/operations.ts'

/**
 * R2's list prices in dollars: a million operations, a GB-month of storage, a GB retrieved.
 * https://developers.cloudflare.com/r2/pricing/
 */
export const PRICES: Readonly<Record<StorageClass, { A: number; B: number; free: 0; storage: number; retrieval: number }>> = {
  Standard: { A: 4.5, B: 0.36, free: 0, storage: 0.015, retrieval: 0 },
  InfrequentAccess: { A: 9, B: 0.9, free: 0, storage: 0.01, retrieval: 0.01 },
}

/** The monthly use of Standard that R2 does not charge for. */
export const FREE_TIER = { A: 1_000_000, B: 10_000_000, gigabyteMonths: 10 } as const

const GIGABYTE = 1e9
const MONTH_DAYS = 30
const MILLION = 1_000_000

/** The use of one storage class. */
export interface ClassUse {
  readonly operations: Readonly<Record<PriceClass, number>>
  /** The average of the daily peaks over a month of 30 days. */
  readonly gigabyteMonths: number
}

/** A use with its price. */
export interface ClassCost extends ClassUse {
  readonly usd: { readonly operations: number; readonly storage: number; readonly total: number }
  /** The same after R2's free tier. */
  readonly usdAfterFreeTier: number
}

/** A row of counts. */
export interface Counted {
  readonly storageClass: StorageClass
  readonly action: string
  readonly status: number
  readonly requests: number
}

/** The largest figure of each day, in bytes. */
export interface DailyPeak {
  readonly storageClass: StorageClass
  readonly bytes: number
}

/** Adds up the use of a storage class. */
export function useOf(storageClass: StorageClass, counted: readonly Counted[], peaks: readonly DailyPeak[]): ClassUse {
  const operations = { A: 0, B: 0, free: 0 }
  for (const one of counted) if (one.storageClass === storageClass) operations[priceClassOf(one.action, one.status)] += one.requests
  const bytes = peaks.filter((peak) => peak.storageClass === storageClass).reduce((sum, peak) => sum + peak.bytes, 0)
  return { operations, gigabyteMonths: bytes / GIGABYTE / MONTH_DAYS }
}

/** Prices a use at R2's list prices. R2 rounds each quantity up to whole units on its bill; here they are exact. */
export function priceOf(storageClass: StorageClass, use: ClassUse): ClassCost {
  const price = PRICES[storageClass]
  const operationsOf = ({ A, B }: { A: number; B: number }) => (A * price.A + B * price.B) / MILLION
  const usd = { operations: operationsOf(use.operations), storage: use.gigabyteMonths * price.storage }
  const free = storageClass === 'Standard' ? FREE_TIER : { A: 0, B: 0, gigabyteMonths: 0 }
  const { A, B } = use.operations
  const charged = { A: Math.max(A - free.A, 0), B: Math.max(B - free.B, 0) }
  const usdAfterFreeTier = operationsOf(charged) + Math.max(use.gigabyteMonths - free.gigabyteMonths, 0) * price.storage
  return { ...use, usd: { ...usd, total: usd.operations + usd.storage }, usdAfterFreeTier }
}
