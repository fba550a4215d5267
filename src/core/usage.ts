import type { Usage } from './bucket.ts'
import type { StorageClass } from './object.ts'

/** The storage figures by storage class. */
export type UsageByClass = Readonly<Record<StorageClass, Usage>>

/** Makes figures from a function of their names. */
export const mapUsage = (map: (name: keyof Usage) => number): Usage => ({
  objects: map('objects'),
  payloadBytes: map('payloadBytes'),
  metadataBytes: map('metadataBytes'),
  uploads: map('uploads'),
  uploadBytes: map('uploadBytes'),
  retrievedBytes: map('retrievedBytes'),
  earlyDeletionByteDays: map('earlyDeletionByteDays'),
})

export const NO_USAGE: Usage = mapUsage(() => 0)

export const addUsage = (a: Usage, b: Usage): Usage => mapUsage((name) => a[name] + b[name])

export const lessUsage = (a: Usage, b: Usage): Usage => mapUsage((name) => a[name] - b[name])
