import { LIMITS } from '../../../core/limits.ts'
import { malformed, readXml, type XmlElement } from '../../../core/xml-reader.ts'
import { allNamed, childrenOf, optionalChild, requiredChild, someTextOf, textOf } from './schema.ts'

/** An object to delete. Its conditions are as the client wrote them; each is absent if its element is. */
export interface DeleteEntry {
  readonly key: string
  readonly etag?: string
  readonly size?: string
  readonly lastModifiedTime?: string
}

/** The body of DeleteObjects. */
export interface Delete {
  /** In request order. */
  readonly entries: readonly DeleteEntry[]
  /** R2 checks this value, but lists the deleted keys anyway. */
  readonly quiet: boolean
}

/**
 * Reads a `Delete` document. Ignores `VersionId` and all elements beside a `Key` that are no condition.
 * @throws StoreError `MalformedXML`, also without objects and with more than 1,000
 */
export function parseDelete(body: Uint8Array): Delete {
  const children = childrenOf(readXml(body, 'Delete'))
  const entries = allNamed(children, 'Object').map(entryOf)
  if (entries.length === 0 || entries.length > LIMITS.deleteMax) throw malformed()
  return { entries, quiet: isQuiet(optionalChild(children, 'Quiet')) }
}

function entryOf(object: XmlElement): DeleteEntry {
  const children = childrenOf(object)
  const key = someTextOf(requiredChild(children, 'Key'))
  if (children.length === 1) return { key }
  const [etag, size, lastModifiedTime] = ['ETag', 'Size', 'LastModifiedTime'].map((name) => {
    const element = optionalChild(children, name)
    return element && textOf(element).trim()
  })
  return { key, etag, size, lastModifiedTime }
}

function isQuiet(element: XmlElement | undefined): boolean {
  if (!element) return false
  const text = textOf(element)
  if (text !== 'true' && text !== 'false') throw malformed()
  return text === 'true'
}
