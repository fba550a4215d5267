import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { bareDocument, document, element, escapeXml, optionalElement, textElement } from '../../../../src/faces/s3/xml/writer.ts'
import { xmlResponse } from '../../../../src/faces/s3/xml/xml-response.ts'

test('the five special characters are escaped, the apostrophe too', () => {
  expect(escapeXml(`a&b<c>d"e'f`)).toBe('a&amp;b&lt;c&gt;d&quot;e&apos;f')
})

test('tabs and line feeds stay, and so does everything outside ASCII', () => {
  expect(escapeXml('a\tb\nc é 💩 \u0085')).toBe('a\tb\nc é 💩 \u0085')
})

test('a carriage return and what XML 1.0 cannot hold become numeric references', () => {
  expect(escapeXml('\r\0\u0001\u001F\uFFFE\uFFFF')).toBe('&#xD;&#x0;&#x1;&#x1F;&#xFFFE;&#xFFFF;')
})

test('elements nest without white space', () => {
  expect(element('A', textElement('B', 1), textElement('C', false), optionalElement('D', undefined), optionalElement('E', ''))).toBe(
    '<A><B>1</B><C>false</C><E></E></A>',
  )
})

test('a success document has a declaration and the namespace, a bare one no namespace', () => {
  expect(document('A', textElement('B', 'x'))).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><A xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><B>x</B></A>',
  )
  expect(bareDocument('A')).toBe('<?xml version="1.0" encoding="UTF-8"?><A></A>')
})

test("another library's parser agrees", () => {
  const xml = document('A', textElement('B', ` <&>"' `))
  expect(XMLValidator.validate(xml)).toBe(true)
  expect(new XMLParser({ trimValues: false, parseTagValue: false }).parse(xml).A.B).toBe(` <&>"' `)
})

test('a response with a document is application/xml beside other headers', async () => {
  const response = xmlResponse('<A/>', { 'x-amz-version-id': 'v' })
  expect(response.status).toBe(200)
  expect(Object.fromEntries(response.headers)).toMatchObject({ 'content-type': 'application/xml', 'x-amz-version-id': 'v' })
  expect(await response.text()).toBe('<A/>')
})
