import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { readXml, type XmlElement } from '../../src/core/xml-reader.ts'
import { element, escapeXml, textElement } from '../../src/faces/s3/xml/writer.ts'

const MIB = 1024 * 1024
const bytes = (text: string) => new TextEncoder().encode(text)
const read = (text: string) => readXml(bytes(text), 'K')
const textIn = (text: string) => read(`<K>${text}</K>`).text
const leaf = (name: string, text = ''): XmlElement => expect.objectContaining({ name, text, children: [] })

function codeOf(body: string | Uint8Array): string | undefined {
  try {
    readXml(typeof body === 'string' ? bytes(body) : body, 'K')
    return undefined
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error)
  }
}

describe('text', () => {
  test.each([
    [' a ', ' a '],
    ['\n\t', '\n\t'],
    ['007', '007'],
    ['1e3', '1e3'],
    ['true', 'true'],
    ['a\r\nb\rc', 'a\nb\nc'],
    ['a&#13;&#xD;&#10;b', 'a\r\r\nb'],
    ['&amp;&lt;&gt;&quot;&apos;', '&<>"\''],
    ['&amp;lt;', '&lt;'],
    ['&#38;lt;', '&lt;'],
    ['&#x1;&#0;', '\u0001\0'],
    ['&#x1F4A9;💩', '💩💩'],
    ['a<!-- - c -->b<?pi x?>c', 'abc'],
    ['<![CDATA[<x> &amp; ]]]]>>', '<x> &amp; ]]>'],
    ['\uFEFFa', '\uFEFFa'],
    ['a > b', 'a > b'],
  ])('%j is read as %j', (source, text) => expect(textIn(source)).toBe(text))
})

describe('structure', () => {
  test('children keep their order and names, and attributes are dropped', () => {
    const root = read('<K a="1" b = \'>"\' ><A/><B >b</B ><A x="&lt;"></A></K >')
    expect(root.children).toEqual([leaf('A'), leaf('B', 'b'), leaf('A')])
  })

  test('namespaces and prefixes make no difference', () => {
    expect(read('<K xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>')).toEqual(leaf('K'))
    expect(read('<s:K xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:A>x</s:A></s:K>').children).toEqual([leaf('A', 'x')])
  })

  test('names that JavaScript knows are names like any other', () => {
    const root = read('<K><__proto__>a</__proto__><constructor/><toString/></K>')
    expect(root.children).toEqual([leaf('__proto__', 'a'), leaf('constructor'), leaf('toString')])
  })

  test.each([
    '<?xml version="1.0"?><K/>',
    "<?xml version='1.0' encoding='utf-8' ?>\r\n<K/>",
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><K/>',
    '\uFEFF<?xml version="1.0" encoding="UTF8"?><K/>',
    '\n<!-- before --><K/><?after x?><!-- after -->\n',
  ])('%j is a document', (source) => expect(read(source)).toEqual(leaf('K')))
})

describe('refused as malformed', () => {
  test.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['JSON', '{"K":1}'],
    ['another root', '<k/>'],
    ['an unclosed root', '<K>'],
    ['a cut start tag', '<K'],
    ['a cut end tag', '<K></K'],
    ['crossed tags', '<K><A><B></A></B></K>'],
    ['an end tag too many', '<K></K></K>'],
    ['a prefix that the end tag lacks', '<s:K></K>'],
    ['two roots', '<K/><K/>'],
    ['text before the root', 'x<K/>'],
    ['text after the root', '<K/>x'],
    ['CDATA after the root', '<K/><![CDATA[]]>'],
    ['a bare ampersand', '<K>a & b</K>'],
    ['an unterminated reference', '<K>&amp</K>'],
    ['an empty reference', '<K>&;</K>'],
    ['an HTML entity', '<K>&nbsp;</K>'],
    ['a capitalised entity', '<K>&AMP;</K>'],
    ['an entity named as a property', '<K>&toString;</K>'],
    ['a reference to a surrogate', '<K>&#xD800;</K>'],
    ['a reference beyond Unicode', '<K>&#x110000;</K>'],
    ['a decimal reference with hex digits', '<K>&#1F;</K>'],
    ['a capital X in a reference', '<K>&#X41;</K>'],
    ['a control character', '<K>\u0001</K>'],
    ['a non-character', '<K>\uFFFE</K>'],
    ['the end of a CDATA section in text', '<K>]]></K>'],
    ['an open CDATA section', '<K><![CDATA[x</K>'],
    ['an open comment', '<K><!-- x</K>'],
    ['a double hyphen in a comment', '<K><!-- a -- b --></K>'],
    ['an open processing instruction', '<K><?pi</K>'],
    ['a document type', '<!DOCTYPE K><K/>'],
    ['an entity declaration', '<!DOCTYPE K [<!ENTITY a "b">]><K>&a;</K>'],
    ['an external entity', '<!DOCTYPE K [<!ENTITY a SYSTEM "file:///etc/passwd">]><K>&a;</K>'],
    ['a declaration inside the root', '<K><!ENTITY a "b"></K>'],
    ['an XML declaration that is not first', ' <?xml version="1.0"?><K/>'],
    ['two XML declarations', '<?xml version="1.0"?><?xml version="1.0"?><K/>'],
    ['an XML declaration without a version', '<?xml encoding="UTF-8"?><K/>'],
    ['another declared encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><K/>'],
    ['declared UTF-16', '<?xml version="1.0" encoding="UTF-16"?><K/>'],
    ['an attribute without quotes', '<K a=1/>'],
    ['an attribute without a value', '<K a/>'],
    ['an attribute twice', '<K a="1" a="2"/>'],
    ['attributes without space between', '<K a="1"b="2"/>'],
    ['an angle bracket in an attribute', '<K a="<"/>'],
    ['a bare ampersand in an attribute', '<K a="&"/>'],
    ['an attribute in an end tag', '<K></K a="1">'],
    ['a name that begins with a digit', '<K><1/></K>'],
    ['a space before the name', '< K/>'],
    ['a space inside the slash', '<K/ >'],
  ])('%s', (_, source) => expect(codeOf(source)).toBe('MalformedXML'))

  test('bytes that are not UTF-8', () => {
    expect(codeOf(new Uint8Array([0x3c, 0x4b, 0x3e, 0xc3, 0x28, 0x3c, 0x2f, 0x4b, 0x3e]))).toBe('MalformedXML')
    expect(codeOf(new Uint8Array(new Uint16Array([0xfeff, 0x3c, 0x4b, 0x2f, 0x3e]).buffer))).toBe('MalformedXML')
  })
})

describe('hostile documents are refused quickly and without exhausting the stack', () => {
  test.each([
    ['nested tags', '<a>'.repeat(MIB / 7) + '</a>'.repeat(MIB / 7)],
    ['tags that are never closed', '<a>'.repeat(MIB)],
    ['a wide document', `<K>${'<a/>'.repeat(2 * MIB)}</K>`],
    ['nothing but angle brackets', '<'.repeat(MIB)],
    ['nothing but ampersands', `<K>${'&'.repeat(MIB)}</K>`],
    ['comment openings', `<K>${'<!--'.repeat(MIB / 4)}</K>`],
    ['CDATA openings', `<K>${'<![CDATA['.repeat(MIB / 9)}</K>`],
    ['instruction openings', `<K>${'<?a '.repeat(MIB / 4)}</K>`],
    ['an endless name', `<${'K'.repeat(8 * MIB)}`],
    ['an endless attribute name', `<K ${'a'.repeat(8 * MIB)}>`],
    ['endless space in a tag', `<K${' '.repeat(8 * MIB)}`],
    ['endless space in a declaration', `<?xml ${' '.repeat(8 * MIB)}<K/>`],
    ['an endless version', `<?xml version="1.0" encoding="${'a'.repeat(8 * MIB)}`],
    ['an endless reference', `<K>&#${'1'.repeat(8 * MIB)};</K>`],
    ['a billion laughs', `<!DOCTYPE K [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(100_000)}">]><K>${'&b;'.repeat(100_000)}</K>`],
  ])('%s', (_, source) => {
    const startedMs = performance.now()
    expect(codeOf(source)).toBe('MalformedXML')
    expect(performance.now() - startedMs).toBeLessThan(3000)
  })

  test('a megabyte of references, attributes, text pieces or space is merely long', () => {
    const attributes = Array.from({ length: 50_000 }, (_, i) => `a${i}="${i}"`).join(' ')
    expect(textIn('&#x41;'.repeat(MIB / 6)).length).toBe(Math.floor(MIB / 6))
    expect(textIn('x<!---->'.repeat(MIB / 8)).length).toBe(MIB / 8)
    expect(read(`<K ${attributes}/>`)).toEqual(leaf('K'))
    expect(read(`<K>${' '.repeat(8 * MIB)}</K>`).text.length).toBe(8 * MIB)
  })
})

test('any text survives being written and read', () => {
  const document = (text: string) => element('K', textElement('A', text), `<B>${escapeXml(text)}</B>`)
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(read(document(text)).children).toEqual([leaf('A', text), leaf('B', text)])
    }),
  )
})

test('no bytes make the reader fail otherwise than as malformed', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '/',
    'K',
    '<K>',
    '</K>',
    '<K/>',
    '&',
    ';',
    '#',
    '"',
    "'",
    '=',
    ' ',
    '!',
    '--',
    '[',
    ']',
    '?',
    'xml',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      expect(['MalformedXML', undefined]).toContain(codeOf(pieces.join('')))
    }),
    { numRuns: 500 },
  )
})
