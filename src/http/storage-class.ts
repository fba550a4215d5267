import { StoreError } from '../core/errors.ts'
import type { StorageClass } from '../core/object.ts'

/** S3's name for each class. */
const NAMES = { Standard: 'STANDARD', InfrequentAccess: 'STANDARD_IA' } as const satisfies Record<StorageClass, string>

const CLASSES: ReadonlyMap<string, StorageClass> = new Map([
  [NAMES.Standard, 'Standard'],
  [NAMES.InfrequentAccess, 'InfrequentAccess'],
])

/**
 * Reads `x-amz-storage-class`. `undefined` means the bucket's default.
 * @throws StoreError `InvalidStorageClass`
 */
export function readStorageClass(headers: Headers): StorageClass | undefined {
  const name = headers.get('x-amz-storage-class')
  if (name === null) return undefined
  const storageClass = CLASSES.get(name)
  if (storageClass === undefined) throw new StoreError('InvalidStorageClass')
  return storageClass
}

/** Returns S3's name for the class, as used in headers and listings. */
export const storageClassName = (storageClass: StorageClass): 'STANDARD' | 'STANDARD_IA' => NAMES[storageClass]
