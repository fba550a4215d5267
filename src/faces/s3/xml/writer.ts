import { Buffer } from 'node:buffer'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** Also what XML 1.0 cannot hold, and the carriage return, which a reader would turn into a line feed. */
const SPECIAL = /[&<>"']|[^\t\n -\uFFFD]/g
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Text as character data. Characters not allowed in XML 1.0 become numeric references (`&#x1;`), as AWS prints them. */
export const escapeXml = (text: string): string =>
  text.replace(SPECIAL, (character) => NAMED[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`)

/** The most that one UTF-16 unit becomes: `&#xFFFF;`. */
const LONGEST_ESCAPE = 8

/** As {@link escapeXml}, cut so that no more than `bytes` of UTF-8 come out, whatever goes in. */
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

/** An element around children that are XML already. */
export const element = (name: string, ...children: readonly string[]): string => `<${name}>${children.join('')}</${name}>`

/** An element around a plain value. */
export const textElement = (name: string, value: string | number | boolean): string => `<${name}>${escapeXml(String(value))}</${name}>`

/** As {@link textElement}; nothing when there is no value. */
export const optionalElement = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? '' : textElement(name, value)

/** A success document: declaration, root with the S3 namespace, no white space between elements. */
export const document = (root: string, ...children: readonly string[]): string =>
  `${DECLARATION}<${root} xmlns="${NAMESPACE}">${children.join('')}</${root}>`

/** A document whose root has no namespace, as R2's errors have none. */
export const bareDocument = (root: string, ...children: readonly string[]): string => DECLARATION + element(root, ...children)
