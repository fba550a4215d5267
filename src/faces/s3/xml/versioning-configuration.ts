import { readXml } from '../../../core/xml-reader.ts'
import { document } from './writer.ts'

/**
 * Checks the body of PutBucketVersioning. R2 reads it before it answers that the operation is not implemented.
 * @throws StoreError `MalformedXML`
 */
export function checkVersioningConfiguration(body: Uint8Array): void {
  readXml(body, 'VersioningConfiguration')
}

/** Writes the `VersioningConfiguration` of a bucket that never had versions: an empty element. */
export const renderVersioningConfiguration = (): string => document('VersioningConfiguration')
