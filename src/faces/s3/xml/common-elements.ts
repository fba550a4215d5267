import type { Checksum, StorageClass } from '../../../core/object.ts'
import { element, textElement } from './writer.ts'

/** An ETag in the quotes it wears everywhere on the wire. */
export const etagElement = (etag: string): string => textElement('ETag', `"${etag}"`)

/** A moment in ISO 8601 with milliseconds. */
export const timeElement = (name: string, ms: number): string => textElement(name, new Date(ms).toISOString())

export const storageClassElement = (storageClass: StorageClass): string =>
  textElement('StorageClass', storageClass === 'Standard' ? 'STANDARD' : 'STANDARD_IA')

/** `ID` and `DisplayName`, which on R2 are both the account id. */
export const accountFields = (accountId: string): string => textElement('ID', accountId) + textElement('DisplayName', accountId)

/** `Owner` or `Initiator`. */
export const accountElement = (name: 'Owner' | 'Initiator', accountId: string): string => element(name, accountFields(accountId))

/** A stored checksum; nothing when there is none. */
export const checksumElement = (checksum: Checksum | undefined): string =>
  checksum ? textElement(`Checksum${checksum.algorithm}`, checksum.value) : ''

export const commonPrefixElements = (prefixes: readonly string[]): string =>
  prefixes.map((prefix) => element('CommonPrefixes', textElement('Prefix', prefix))).join('')
