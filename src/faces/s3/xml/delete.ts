import { LIMITS } from '../../../core/limits.ts'
import { malformed, readXml, type XmlElement } from '../../../core/xml-reader.ts'
import { allNamed, childrenOf, optionalChild, requiredChild, someTextOf, textOf } from './schema.ts'

/** The body of DeleteObjects. */
export interface Delete {
  /** The keys as the client wrote them, in request order. */
  readonly keys: readonly string[]
  /** R2 checks this value, but lists the deleted keys anyway. */
  readonly quiet: boolean
}

/**
 * Reads a `Delete` document. Ignores `VersionId`, `ETag` and all other elements beside a `Key`.
 * @throws StoreError `MalformedXML`, also without objects and with more than 1,000
 */
export function parseDelete(body: Uint8Array): Delete {
  const children = childrenOf(readXml(body, 'Delete'))
  const keys = allNamed(children, 'Object').map(keyOf)
  if (keys.length === 0 || keys.length > LIMITS.deleteMax) throw malformed()
  return { keys, quiet: isQuiet(optionalChild(children, 'Quiet')) }
}

const keyOf = (object: XmlElement): string => someTextOf(requiredChild(childrenOf(object), 'Key'))

function isQuiet(element: XmlElement | undefined): boolean {
  if (!element) return false
  const text = textOf(element)
  if (text !== 'true' && text !== 'false') throw malformed()
  return text === 'true'
}
