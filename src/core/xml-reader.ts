import { StoreError } from './errors.ts'

/** An element, reduced to what our documents need. The reader checks and drops attributes, and removes a namespace prefix. */
export interface XmlElement {
  readonly name: string
  readonly children: readonly XmlElement[]
  /** All text directly inside the element, untrimmed, without comments and processing instructions. */
  readonly text: string
}

interface OpenElement {
  readonly name: string
  readonly qualifiedName: string
  readonly children: XmlElement[]
  text: string
}

// Our deepest document has four levels. The longest legal one, 10,000 parts with every checksum, has 130,000 elements.
// Without these limits, eight megabytes of `<a/>` would become more objects than fit into the memory of an isolate.
const MAX_DEPTH = 64
const MAX_ELEMENTS = 200_000

const DECLARATION =
  /<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.\d"|'1\.\d')(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"([\w.-]+)"|'([\w.-]+)'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>/y
const NAME = /[A-Za-z_:\u00C0-\uFFFD][\w:.\u00B7\u00C0-\uFFFD-]*/y
const SPACE = /[ \t\n]*/y
const NOT_A_CHARACTER = /[^\t\n\r -\uFFFD]/
const REFERENCE = /&([^;]{0,32};)?/g
const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/**
 * Reads a whole XML document in UTF-8 and returns its root, which must be called `rootName` if that is given.
 *
 * Written by hand, because fast-xml-parser accepts documents in ways that delete the wrong object: it drops `&#x1;` from a key,
 * keeps `&#13;` and `&nbsp;` as written, and accepts a document with two roots. This reader refuses documents that are not well formed,
 * and those with document types or entities. Its time is linear in the length. It has one exception: a character reference may name any
 * character, because our own listings print keys that XML 1.0 cannot contain in this way.
 * @throws StoreError `MalformedXML`
 */
export function readXml(body: Uint8Array, rootName?: string): XmlElement {
  const root = new Reader(decodeUtf8(body)).document()
  if (rootName !== undefined && root.name !== rootName) throw malformed()
  return root
}

/** Returns R2's error for a document that it cannot use. */
export const malformed = (): StoreError => new StoreError('MalformedXML')

function decodeUtf8(body: Uint8Array): string {
  let source: string
  try {
    // `ignoreBOM: false` means that the decoder removes a byte order mark.
    source = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body)
  } catch {
    throw malformed()
  }
  if (NOT_A_CHARACTER.test(source)) throw malformed()
  return source.replace(/\r\n?/g, '\n') // XML 1.0, section 2.11. A carriage return that belongs to the text arrives as `&#13;`.
}

/** Reads the source in one pass with its own stack of open elements, so that deep or long documents cannot exhaust the call stack. */
class Reader {
  private readonly source: string
  private at = 0
  private elements = 0
  private readonly open: OpenElement[] = []
  private root: XmlElement | undefined

  constructor(source: string) {
    this.source = source
  }

  document(): XmlElement {
    this.declaration()
    while (this.at < this.source.length) {
      if (!this.source.startsWith('<', this.at)) this.characters()
      else if (this.skip('</')) this.endTag()
      else if (this.skip('<!--')) this.comment()
      else if (this.skip('<![CDATA[')) this.append(this.until(']]>'))
      else if (this.skip('<?')) this.instruction()
      else this.startTag() // This also refuses `<!DOCTYPE`, because no name begins with an exclamation mark.
    }
    if (!this.root || this.open.length > 0) throw malformed()
    return this.root
  }

  private declaration(): void {
    if (!/^<\?xml[ \t\n]/.test(this.source)) return
    const [, double, single] = this.match(DECLARATION)
    const encoding = double ?? single ?? 'utf-8'
    if (!/^utf-?8$/i.test(encoding)) throw malformed()
  }

  private characters(): void {
    const end = this.source.indexOf('<', this.at)
    const raw = this.source.slice(this.at, end < 0 ? undefined : end)
    this.at += raw.length
    if (raw.includes(']]>')) throw malformed()
    if (this.open.length > 0) this.append(dereference(raw))
    else if (/[^ \t\n]/.test(raw)) throw malformed()
  }

  private append(text: string): void {
    const element = this.open.at(-1)
    if (!element) throw malformed()
    element.text += text
  }

  private comment(): void {
    this.until('--')
    if (!this.skip('>')) throw malformed()
  }

  private instruction(): void {
    if (this.name().toLowerCase() === 'xml' || !/[ \t\n?]/.test(this.source.charAt(this.at))) throw malformed()
    this.until('?>')
  }

  private startTag(): void {
    this.at++
    const qualifiedName = this.name()
    this.elements++
    if (this.root || this.open.length >= MAX_DEPTH || this.elements > MAX_ELEMENTS) throw malformed()
    this.attributes()
    this.open.push({ qualifiedName, name: localName(qualifiedName), children: [], text: '' })
    if (this.skip('/>')) this.close()
    else if (!this.skip('>')) throw malformed()
  }

  private attributes(): void {
    const seen = new Set<string>()
    while (this.space() && !/[/>]/.test(this.source.charAt(this.at))) {
      const name = this.name()
      this.space()
      if (seen.has(name) || !this.skip('=')) throw malformed()
      seen.add(name)
      this.space()
      this.attributeValue()
    }
  }

  private attributeValue(): void {
    const quote = this.source.charAt(this.at++)
    if (quote !== '"' && quote !== "'") throw malformed()
    const value = this.until(quote)
    if (value.includes('<')) throw malformed()
    dereference(value)
  }

  private endTag(): void {
    const name = this.name()
    this.space()
    if (!this.skip('>') || this.open.at(-1)?.qualifiedName !== name) throw malformed()
    this.close()
  }

  private close(): void {
    const element = this.open.pop()
    if (!element) throw malformed()
    const parent = this.open.at(-1)
    if (parent) parent.children.push(element)
    else this.root = element
  }

  private name(): string {
    return this.match(NAME)[0]
  }

  /** Skips white space. Returns false if there was none. */
  private space(): boolean {
    return this.match(SPACE)[0] !== ''
  }

  private match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.source)
    if (!match) throw malformed()
    this.at = pattern.lastIndex
    return match
  }

  private skip(token: string): boolean {
    const found = this.source.startsWith(token, this.at)
    if (found) this.at += token.length
    return found
  }

  /** Returns the text before the next `token`, and skips both. */
  private until(token: string): string {
    const end = this.source.indexOf(token, this.at)
    if (end < 0) throw malformed()
    const text = this.source.slice(this.at, end)
    this.at = end + token.length
    return text
  }
}

const localName = (qualifiedName: string): string => qualifiedName.slice(qualifiedName.indexOf(':') + 1)

function dereference(raw: string): string {
  if (!raw.includes('&')) return raw
  return raw.replace(REFERENCE, (_, reference: string | undefined) => {
    if (!reference) throw malformed()
    return referenced(reference.slice(0, -1))
  })
}

function referenced(name: string): string {
  if (Object.hasOwn(PREDEFINED, name)) return PREDEFINED[name]!
  const [, decimal, hex] = /^#(?:(\d+)|x([\da-fA-F]+))$/.exec(name) ?? []
  const code = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex ?? '', 16)
  const isScalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) // False for NaN.
  if (!isScalar) throw malformed()
  return String.fromCodePoint(code)
}
