import { notImplemented } from '../../../core/errors.ts'
import { malformed, readXml, type XmlElement } from '../../../core/xml-reader.ts'
import { allNamed, childrenOf, requiredChild, tokenOf } from './schema.ts'
import { document, element, textElement } from './writer.ts'

/**
 * Reads the body of PutBucketEncryption and returns its algorithm. R2 has only one.
 * @throws StoreError `MalformedXML`; `NotImplemented` for any other algorithm
 */
export function parseEncryptionConfiguration(body: Uint8Array): 'AES256' {
  const root = readXml(body, 'ServerSideEncryptionConfiguration')
  const algorithms = allNamed(childrenOf(root), 'Rule').map(algorithmOf)
  if (algorithms.length === 0) throw malformed()
  const other = algorithms.find((algorithm) => algorithm !== 'AES256')
  if (other !== undefined) throw notImplemented(`SSEAlgorithm with value '${other}'`)
  return 'AES256'
}

/** Writes `ServerSideEncryptionConfiguration`, which is the same for every bucket. */
export const renderEncryptionConfiguration = (): string =>
  document(
    'ServerSideEncryptionConfiguration',
    element(
      'Rule',
      element('ApplyServerSideEncryptionByDefault', textElement('SSEAlgorithm', 'AES256')),
      textElement('BucketKeyEnabled', true),
    ),
  )

function algorithmOf(rule: XmlElement): string {
  const byDefault = requiredChild(childrenOf(rule), 'ApplyServerSideEncryptionByDefault')
  return tokenOf(requiredChild(childrenOf(byDefault), 'SSEAlgorithm'))
}
