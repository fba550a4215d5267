import type { StorageClass } from './object.ts'

/** The use that one operation made of a bucket. An operation fills it in while it runs; it is made once for each request. */
export interface Measure {
  /** The size of the object, or of the part, that the operation is about. */
  objectBytes: number
  /** The bytes of the object that the answer sends. */
  responseBytes: number
  storageClass: StorageClass
}

export const newMeasure = (): Measure => ({ objectBytes: 0, responseBytes: 0, storageClass: 'Standard' })

/** Notes the object that an operation is about. */
export function measureObject(
  measure: Measure,
  { size, storageClass }: { readonly size: number; readonly storageClass: StorageClass },
): void {
  measure.objectBytes = size
  measure.storageClass = storageClass
}

/**
 * The names that differ between our routes and R2's metrics. All other operations have the same name in both.
 * https://developers.cloudflare.com/r2/pricing/
 */
const ACTIONS: Readonly<Record<string, string>> = {
  CreateBucket: 'PutBucket',
  PostObject: 'PutObject',
  ListObjectsV2: 'ListObjects',
  GetBucket: 'HeadBucket',
  UpdateBucket: 'PutBucketStorageClass',
  GetAccountMetrics: 'UsageSummary',
}

/** The name of an operation in R2's metrics. */
export const actionOf = (op: string): string => ACTIONS[op] ?? op

export type ActionStatus = 'success' | 'userError' | 'internalError'

export const ACTION_STATUSES = ['success', 'userError', 'internalError'] as const satisfies readonly ActionStatus[]

/** The classes by which R2 bills operations. */
export type PriceClass = 'A' | 'B' | 'free'

/** The beginnings of names that decide the class; every other name is of class A. */
export const PRICED_PREFIXES: Readonly<Record<string, PriceClass>> = {
  Get: 'B',
  Head: 'B',
  UsageSummary: 'B',
  Delete: 'free',
  Abort: 'free',
}

/** R2 bills no operation that fails for want of a valid signature or of a permission. */
export const UNBILLED_STATUSES = [401, 403] as const

/** Returns the class of an operation. https://developers.cloudflare.com/r2/pricing/#class-a-operations */
export function priceClassOf(action: string, status: number): PriceClass {
  if ((UNBILLED_STATUSES as readonly number[]).includes(status)) return 'free'
  const prefix = Object.keys(PRICED_PREFIXES).find((beginning) => action.startsWith(beginning))
  return prefix === undefined ? 'A' : PRICED_PREFIXES[prefix]!
}

/** Whether an operation may change what a bucket stores. */
export const isWrite = (action: string): boolean => !/^(?:Get|Head|List|UsageSummary)/.test(action)

/** How an operation ended, in the words of R2's metrics. */
export function actionStatusOf(status: number): ActionStatus {
  if (status < 400) return 'success'
  return status < 500 ? 'userError' : 'internalError'
}
