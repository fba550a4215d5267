import { malformed, type XmlElement } from './reader.ts'

/**
 * The children of an element that holds nothing but elements.
 * @throws StoreError `MalformedXML` at stray text, and at a child that `allowed`, if given, does not list.
 */
export function childrenOf(parent: XmlElement, allowed?: readonly string[]): readonly XmlElement[] {
  if (/[^ \t\n]/.test(parent.text)) throw malformed()
  if (allowed && parent.children.some((child) => !allowed.includes(child.name))) throw malformed()
  return parent.children
}

/** All children called `name`. */
export const allNamed = (children: readonly XmlElement[], name: string): XmlElement[] => children.filter((child) => child.name === name)

/**
 * The child called `name`, if there is one.
 * @throws StoreError `MalformedXML` if there are several.
 */
export function optionalChild(children: readonly XmlElement[], name: string): XmlElement | undefined {
  const [first, second] = allNamed(children, name)
  if (second) throw malformed()
  return first
}

/**
 * The child called `name`.
 * @throws StoreError `MalformedXML` unless there is exactly one.
 */
export function requiredChild(children: readonly XmlElement[], name: string): XmlElement {
  const child = optionalChild(children, name)
  if (!child) throw malformed()
  return child
}

/**
 * The text of an element that holds nothing but text, untrimmed and maybe empty.
 * @throws StoreError `MalformedXML`
 */
export function textOf(element: XmlElement): string {
  if (element.children.length > 0) throw malformed()
  return element.text
}

/**
 * As {@link textOf}, for elements that must not be empty.
 * @throws StoreError `MalformedXML`
 */
export function someTextOf(element: XmlElement): string {
  const text = textOf(element)
  if (text === '') throw malformed()
  return text
}

/** Many times the longest token that means something, white space around it included. */
const TOKEN_LENGTH = 1024

/**
 * As {@link textOf}, with the white space around it taken off: for tokens and numbers, never for keys.
 * @throws StoreError `MalformedXML` if nothing is left, or if there is more than any token has.
 */
export function tokenOf(element: XmlElement): string {
  const text = textOf(element)
  if (text.length > TOKEN_LENGTH) throw malformed()
  const token = trimSpace(text)
  if (token === '') throw malformed()
  return token
}

const SPACE = ' \t\r\n'

/** By hand: an expression that ends in `+$` would be tried from every space of a run, in time that grows with its square. */
function trimSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && SPACE.includes(text.charAt(start))) start++
  while (end > start && SPACE.includes(text.charAt(end - 1))) end--
  return text.slice(start, end)
}
