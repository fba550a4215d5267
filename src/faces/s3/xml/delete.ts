import { LIMITS } from '../../../core/limits.ts'
import { malformed, readXml, type XmlElement } from './reader.ts'
import { allNamed, childrenOf, optionalChild, requiredChild, someTextOf, textOf } from './schema.ts'

/** Body of DeleteObjects. */
export interface Delete {
  /** In request order, as the client wrote them. */
  readonly keys: readonly string[]
  /** R2 checks it and then lists the deleted keys all the same. */
  readonly quiet: boolean
}

/**
 * Reads a `Delete` document. `VersionId`, `ETag` and whatever else stands beside a `Key` is ignored.
 * @throws StoreError `MalformedXML`, also for no object and for more than 1,000.
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
