import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDelete } from '../../../../src/faces/s3/xml/delete.ts'
import { renderDeleteResult } from '../../../../src/faces/s3/xml/delete-result.ts'
import { element, textElement } from '../../../../src/faces/s3/xml/writer.ts'

const parse = (xml: string) => parseDelete(new TextEncoder().encode(xml))
const keysOf = (xml: string) => parse(xml).entries.map(({ key }) => key)
const objects = (count: number) => Array.from({ length: count }, (_, i) => element('Object', textElement('Key', `k${i}`))).join('')
const MALFORMED = expect.objectContaining({ code: 'MalformedXML' })

test('keys come in request order, neither trimmed nor read as numbers', () => {
  const keys = ['b', ' a ', '007', '1.50', ' ', '\n', '&lt;', 'a&#13;b', 'b', '<![CDATA[a&b]]>']
  const read = keysOf(`<Delete>\n${keys.map((key) => `  <Object><Key>${key}</Key></Object>\n`).join('')}</Delete>`)
  expect(read).toEqual(['b', ' a ', '007', '1.50', ' ', '\n', '<', 'a\rb', 'b', 'a&b'])
})

test('Quiet is optional and may stand anywhere', () => {
  expect(parse(`<Delete>${objects(1)}</Delete>`)).toEqual({ entries: [{ key: 'k0' }], quiet: false })
  expect(parse(`<Delete><Quiet>true</Quiet>${objects(1)}</Delete>`).quiet).toBe(true)
  expect(parse(`<Delete>${objects(1)}<Quiet>false</Quiet></Delete>`).quiet).toBe(false)
})

test('conditions are read as they stand, and what else stands beside a key is ignored', () => {
  const xml =
    '<Delete><Object><VersionId>v</VersionId><Key>a</Key><ETag> "e"</ETag><Size>1</Size><LastModifiedTime/></Object><Other><x/></Other></Delete>'
  expect(parse(xml).entries).toEqual([{ key: 'a', etag: '"e"', size: '1', lastModifiedTime: '' }])
  expect(parse('<Delete><Object><VersionId>v</VersionId><Key>a</Key></Object></Delete>').entries).toEqual([{ key: 'a' }])
})

test('a thousand objects are allowed', () => {
  expect(keysOf(`<Delete>${objects(1000)}</Delete>`)).toHaveLength(1000)
})

test.each([
  ['no body', ''],
  ['a document cut short', '<Delete><Object>'],
  ['another root', `<Remove>${objects(1)}</Remove>`],
  ['no object', '<Delete></Delete>'],
  ['an object without a key', '<Delete><Object/></Delete>'],
  ['an empty key', '<Delete><Object><Key/></Object></Delete>'],
  ['a key that is not text', '<Delete><Object><Key><a>b</a></Key></Object></Delete>'],
  ['two keys in an object', '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>'],
  ['two ETags', '<Delete><Object><Key>a</Key><ETag>a</ETag><ETag>b</ETag></Object></Delete>'],
  ['1,001 objects', `<Delete>${objects(1001)}</Delete>`],
  ['Quiet in capitals', `<Delete>${objects(1)}<Quiet>TRUE</Quiet></Delete>`],
  ['Quiet as a number', `<Delete>${objects(1)}<Quiet>1</Quiet></Delete>`],
  ['an empty Quiet', `<Delete>${objects(1)}<Quiet/></Delete>`],
  ['Quiet twice', `<Delete>${objects(1)}<Quiet>true</Quiet><Quiet>true</Quiet></Delete>`],
  ['text between the elements', `<Delete>x${objects(1)}</Delete>`],
])('%s is malformed', (_, xml) => expect(() => parse(xml)).toThrow(MALFORMED))

test('any key survives a request', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1, maxLength: 10 }), (keys) => {
      expect(keysOf(element('Delete', ...keys.map((key) => element('Object', textElement('Key', key)))))).toEqual(keys)
    }),
  )
})

test('the result lists deleted keys and failures in request order', () => {
  const entries = [{ key: 'a&b' }, { key: 'c', error: { code: 'AccessDenied', message: "Can't" } }, { key: ' d ' }]
  expect(renderDeleteResult(entries)).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
      '<Deleted><Key>a&amp;b</Key></Deleted>' +
      '<Error><Key>c</Key><Code>AccessDenied</Code><Message>Can&apos;t</Message></Error>' +
      '<Deleted><Key> d </Key></Deleted></DeleteResult>',
  )
})
