import { malformed, type XmlElement } from '../../../core/xml-reader.ts'

/**
 * Returns the children of an element that may contain elements only.
 * @throws StoreError `MalformedXML` for text between the elements, and for a child that is missing in `allowed`, if that is given
 */
export function childrenOf(parent: XmlElement, allowed?: readonly string[]): readonly XmlElement[] {
  if (/[^ \t\n]/.test(parent.text)) throw malformed()
  if (allowed && parent.children.some((child) => !allowed.includes(child.name))) throw malformed()
  return parent.children
}

/** Returns all children called `name`. */
export const allNamed = (children: readonly XmlElement[], name: string): XmlElement[] => children.filter((child) => child.name === name)

/**
 * Returns the child called `name`, if there is one.
 * @throws StoreError `MalformedXML` if there are several
 */
export function optionalChild(children: readonly XmlElement[], name: string): XmlElement | undefined {
  const [first, second] = allNamed(children, name)
  if (second) throw malformed()
  return first
}

/**
 * Returns the child called `name`.
 * @throws StoreError `MalformedXML` unless there is exactly one
 */
export function requiredChild(children: readonly XmlElement[], name: string): XmlElement {
  const child = optionalChild(children, name)
  if (!child) throw malformed()
  return child
}

/**
 * Returns the text of an element that may contain text only. It is untrimmed and may be empty.
 * @throws StoreError `MalformedXML`
 */
export function textOf(element: XmlElement): string {
  if (element.children.length > 0) throw malformed()
  return element.text
}

/**
 * Like {@link textOf}, for elements that must not be empty.
 * @throws StoreError `MalformedXML`
 */
export function someTextOf(element: XmlElement): string {
  const text = textOf(element)
  if (text === '') throw malformed()
  return text
}

/** The length limit of a token with the white space around it. Valid tokens are much shorter. */
const TOKEN_LENGTH = 1024

/**
 * Like {@link textOf}, without the white space around it: for tokens and numbers, never for keys.
 * @throws StoreError `MalformedXML` if nothing is left, or if the text is longer than any token
 */
export function tokenOf(element: XmlElement): string {
  const text = textOf(element)
  if (text.length > TOKEN_LENGTH) throw malformed()
  const token = trimSpace(text)
  if (token === '') throw malformed()
  return token
}

const SPACE = ' \t\r\n'

/** Trims white space with a loop. A regular expression that ends in `+$` would start again at every space of a run: quadratic time. */
function trimSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && SPACE.includes(text.charAt(start))) start++
  while (end > start && SPACE.includes(text.charAt(end - 1))) end--
  return text.slice(start, end)
}
