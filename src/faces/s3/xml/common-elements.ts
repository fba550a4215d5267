import type { Checksum, StorageClass } from '../../../core/object.ts'
import { element, textElement } from './writer.ts'

/** Writes an ETag in double quotes, as everywhere on the wire. */
export const etagElement = (etag: string): string => textElement('ETag', `"${etag}"`)

/** Writes a time in ISO 8601 with milliseconds. */
export const timeElement = (name: string, ms: number): string => textElement(name, new Date(ms).toISOString())

export const storageClassElement = (storageClass: StorageClass): string =>
  textElement('StorageClass', storageClass === 'Standard' ? 'STANDARD' : 'STANDARD_IA')

/** Writes `ID` and `DisplayName`. On R2, both are the account id. */
export const accountFields = (accountId: string): string => textElement('ID', accountId) + textElement('DisplayName', accountId)

/** Writes `Owner` or `Initiator`. */
export const accountElement = (name: 'Owner' | 'Initiator', accountId: string): string => element(name, accountFields(accountId))

/** Writes a stored checksum, or nothing if there is none. */
export const checksumElement = (checksum: Checksum | undefined): string =>
  checksum ? textElement(`Checksum${checksum.algorithm}`, checksum.value) : ''

export const commonPrefixElements = (prefixes: readonly string[]): string =>
  prefixes.map((prefix) => element('CommonPrefixes', textElement('Prefix', prefix))).join('')
