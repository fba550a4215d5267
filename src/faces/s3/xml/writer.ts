import { Buffer } from 'node:buffer'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** Characters to escape. They include those that XML 1.0 cannot contain, and the carriage return, which a reader would turn into a line feed. */
const SPECIAL = /[&<>"']|[^\t\n -\uFFFD]/g
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Escapes text for XML. Characters that XML 1.0 does not allow become numeric references (`&#x1;`), as on AWS. */
export const escapeXml = (text: string): string =>
  text.replace(SPECIAL, (character) => NAMED[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`)

/** The longest escape of one UTF-16 unit: `&#xFFFF;`. */
const LONGEST_ESCAPE = 8

/** Like {@link escapeXml}, but cuts the result so that it has at most `bytes` bytes of UTF-8. */
export function escapeXmlWithin(text: string, bytes: number): string {
  if (text.length * LONGEST_ESCAPE <= bytes) return escapeXml(text)
  let escaped = ''
  let room = bytes
  for (const character of text) {
    const piece = escapeXml(character)
    room -= Buffer.byteLength(piece)
    if (room < 0) break
    escaped += piece
  }
  return escaped
}

/** Writes an element around children that are XML already. */
export const element = (name: string, ...children: readonly string[]): string => `<${name}>${children.join('')}</${name}>`

/** Writes an element around a plain value. */
export const textElement = (name: string, value: string | number | boolean): string => `<${name}>${escapeXml(String(value))}</${name}>`

/** Like {@link textElement}; writes nothing if there is no value. */
export const optionalElement = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? '' : textElement(name, value)

/** Writes a success document: the declaration and a root with the S3 namespace, without white space between elements. */
export const document = (root: string, ...children: readonly string[]): string =>
  `${DECLARATION}<${root} xmlns="${NAMESPACE}">${children.join('')}</${root}>`

/** Writes a document whose root has no namespace, as R2's errors do. */
export const bareDocument = (root: string, ...children: readonly string[]): string => DECLARATION + element(root, ...children)
