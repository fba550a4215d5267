import { readXml } from './reader.ts'
import { document } from './writer.ts'

/**
 * R2 reads the body of PutBucketVersioning before it says that it does not have the operation.
 * @throws StoreError `MalformedXML`
 */
export function checkVersioningConfiguration(body: Uint8Array): void {
  readXml(body, 'VersioningConfiguration')
}

/** `VersioningConfiguration` of a bucket that never had versions: empty. */
export const renderVersioningConfiguration = (): string => document('VersioningConfiguration')
