import { StoreError } from '../../../core/errors.ts'
import { checkObjectTags, type Tag, type TagSet } from '../../../core/tags.ts'
import { readXml, type XmlElement } from '../../../core/xml-reader.ts'
import { allNamed, childrenOf, requiredChild, textOf } from './schema.ts'
import { document, element, textElement } from './writer.ts'

/**
 * Reads a `Tagging` document, which an object and a bucket share. It does not check the tags.
 * @throws StoreError MalformedXML
 */
export function parseTagging(body: Uint8Array): TagSet {
  const set = requiredChild(childrenOf(readXml(body, 'Tagging'), ['TagSet']), 'TagSet')
  return readTags(set)
}

/**
 * Reads the children of an element that may contain `Tag` elements only.
 * @throws StoreError MalformedXML, also for a tag without a key or a value
 */
export const readTags = (set: XmlElement): TagSet => childrenOf(set, ['Tag']).map(readTag)

/** @throws StoreError MalformedXML */
export function readTag(tag: XmlElement): Tag {
  const children = childrenOf(tag, ['Key', 'Value'])
  return { key: textOf(requiredChild(children, 'Key')), value: textOf(requiredChild(children, 'Value')) }
}

/**
 * Reads and checks the field `tagging` of an upload form. AWS takes a well-formed document of another shape for one without tags.
 * @throws StoreError MalformedXML when it is not XML, BadRequest, InvalidTag
 */
export function parseFormTagging(field: string): TagSet {
  const tags = tagsOfForm(readXml(new TextEncoder().encode(field)))
  checkObjectTags(tags)
  return tags
}

function tagsOfForm(root: XmlElement): TagSet {
  if (root.name !== 'Tagging') return []
  try {
    return allNamed(root.children, 'TagSet').flatMap(readTags)
  } catch (error) {
    if (error instanceof StoreError) return []
    throw error
  }
}

/** Writes `Tagging`, with an empty `TagSet` when there are no tags. */
export const renderTagging = (tags: TagSet): string => document('Tagging', element('TagSet', ...tags.map(tagElement)))

/** Writes one `Tag`. */
export const tagElement = ({ key, value }: Tag): string => element('Tag', textElement('Key', key), textElement('Value', value))
