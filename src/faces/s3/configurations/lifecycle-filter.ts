import { StoreError } from '../../../core/errors.ts'
import type { LifecycleRule } from '../../../core/lifecycle.ts'
import type { LifecycleFilter } from '../../../core/lifecycle-filter.ts'
import { malformed, type XmlElement } from '../../../core/xml-reader.ts'
import { allNamed, childrenOf, optionalChild, textOf, tokenOf } from '../xml/schema.ts'
import { readTag, tagElement } from '../xml/tagging.ts'
import { element, optionalElement, textElement } from '../xml/writer.ts'

/** The objects that a rule applies to, as its element `Filter` says it. */
export type Selection = Pick<LifecycleRule, 'prefix' | 'filter'>

const SIZES = ['ObjectSizeGreaterThan', 'ObjectSizeLessThan'] as const
const PREDICATES = ['Prefix', 'Tag', ...SIZES]

/**
 * Reads `Filter`. It is empty, or it has one child: a prefix, and beyond R2 a tag, a size, or several of these in `And`.
 * @param beyondR2 false in strict mode, where everything but a prefix counts as an unknown element
 * @throws StoreError MalformedXML, InvalidRequest
 */
export function readFilter(filter: XmlElement, beyondR2: boolean): Selection {
  const [only, ...others] = childrenOf(filter, beyondR2 ? [...PREDICATES, 'And'] : ['Prefix'])
  if (others.length > 0) throw malformed()
  if (only?.name !== 'And') return readPredicates(only ? [only] : [])
  const predicates = childrenOf(only, PREDICATES)
  if (predicates.length < 2) throw malformed()
  return readPredicates(predicates)
}

function readPredicates(predicates: readonly XmlElement[]): Selection {
  const prefix = optionalChild(predicates, 'Prefix')
  const tags = allNamed(predicates, 'Tag').map(readTag)
  if (new Set(tags.map(({ key }) => key)).size < tags.length) {
    throw new StoreError('InvalidRequest', { message: 'Duplicate Tag Keys are not allowed.' })
  }
  const [sizeGreaterThan, sizeLessThan] = SIZES.map((name) => optionalChild(predicates, name)).map((size) => size && readSize(size))
  const filter: LifecycleFilter = {
    ...(tags.length > 0 && { tags }),
    ...(sizeGreaterThan !== undefined && { sizeGreaterThan }),
    ...(sizeLessThan !== undefined && { sizeLessThan }),
  }
  return { prefix: prefix ? textOf(prefix) : '', ...(Object.keys(filter).length > 0 && { filter }) }
}

function readSize(element: XmlElement): number {
  const text = tokenOf(element)
  if (!/^\d{1,15}$/.test(text)) throw malformed()
  return Number(text)
}

/** @throws StoreError InvalidRequest when a rule that aborts uploads has a filter: uploads have neither tags nor a size yet */
export function refuseAbortion({ tags }: LifecycleFilter): never {
  const what = tags ? 'Tags' : 'Object Size'
  throw new StoreError('InvalidRequest', { message: `AbortIncompleteMultipartUpload cannot be specified with ${what}.` })
}

/** The name under which a rule stores the form of its `Filter`, so that it is printed in the form that the client wrote. */
export function filterName(filter: XmlElement): string {
  const [only] = filter.children
  if (!only) return 'Filter'
  const hasPrefix = only.name === 'And' && only.children.some(({ name }) => name === 'Prefix')
  return hasPrefix ? 'Filter/And/Prefix' : `Filter/${only.name}`
}

/** The name of the usual form: that of a prefix alone, unless the rule has another filter. */
export function usualFilterName({ prefix, filter }: Selection): string {
  if (!filter) return 'Filter/Prefix'
  if (prefix !== '') return 'Filter/And/Prefix'
  const names = [...(filter.tags ?? []).map(() => 'Tag'), ...SIZES.filter((name) => sizeOf(filter, name) !== undefined)]
  return names.length === 1 ? `Filter/${names[0]}` : 'Filter/And'
}

/** Prints `Filter` in each of its forms. */
export const FILTER_ELEMENTS: Readonly<Record<string, (rule: Selection) => string>> = {
  Filter: () => element('Filter'),
  'Filter/Prefix': ({ prefix }) => element('Filter', textElement('Prefix', prefix)),
  'Filter/Tag': (rule) => element('Filter', ...furtherElements(rule)),
  'Filter/ObjectSizeGreaterThan': (rule) => element('Filter', ...furtherElements(rule)),
  'Filter/ObjectSizeLessThan': (rule) => element('Filter', ...furtherElements(rule)),
  'Filter/And': (rule) => element('Filter', element('And', ...furtherElements(rule))),
  'Filter/And/Prefix': (rule) => element('Filter', element('And', textElement('Prefix', rule.prefix), ...furtherElements(rule))),
}

const furtherElements = ({ filter = {} }: Selection): string[] => [
  ...(filter.tags ?? []).map(tagElement),
  ...SIZES.map((name) => optionalElement(name, sizeOf(filter, name))),
]

const sizeOf = ({ sizeGreaterThan, sizeLessThan }: LifecycleFilter, name: (typeof SIZES)[number]): number | undefined =>
  name === 'ObjectSizeGreaterThan' ? sizeGreaterThan : sizeLessThan
