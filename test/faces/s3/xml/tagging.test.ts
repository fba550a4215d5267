import { describe, expect, test } from 'vitest'
import { parseFormTagging, parseTagging, renderTagging } from '../../../../src/faces/s3/xml/tagging.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const tag = (key: string, value: string) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
const tagging = (...tags: string[]) => `<Tagging><TagSet>${tags.join('')}</TagSet></Tagging>`
const MALFORMED = expect.objectContaining({ code: 'MalformedXML' })

describe('Tagging', () => {
  test.each([
    [tagging(), []],
    ['<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet/></Tagging>', []],
    [
      tagging(tag('a', '1'), tag('b', '')),
      [
        { key: 'a', value: '1' },
        { key: 'b', value: '' },
      ],
    ],
    [tagging('<Tag><Value> v </Value><Key> k </Key></Tag>'), [{ key: ' k ', value: ' v ' }]],
    ['\n<Tagging>\n <TagSet>\n </TagSet>\n</Tagging>\n', []],
  ])('%s', (text, tags) => expect(parseTagging(bytes(text))).toEqual(tags))

  test.each([
    ['nothing', ''],
    ['no XML', 'a=b'],
    ['another root', '<TagSet/>'],
    ['no TagSet', '<Tagging/>'],
    ['two TagSets', '<Tagging><TagSet/><TagSet/></Tagging>'],
    ['text between the elements', '<Tagging><TagSet>text</TagSet></Tagging>'],
    ['an unknown element', tagging('<Tags/>')],
    ['no key', tagging('<Tag><Value>1</Value></Tag>')],
    ['no value', tagging('<Tag><Key>1</Key></Tag>')],
    ['two keys', tagging('<Tag><Key>1</Key><Key>2</Key><Value/></Tag>')],
    ['elements in a value', tagging('<Tag><Key>1</Key><Value><b/></Value></Tag>')],
  ])('with %s is malformed', (_, text) => expect(() => parseTagging(bytes(text))).toThrow(MALFORMED as Error))

  test('is read again as it is written', () => {
    const tags = [
      { key: 'a b', value: '東&<' },
      { key: 'c', value: '' },
    ]
    expect(parseTagging(bytes(renderTagging(tags)))).toEqual(tags)
    expect(renderTagging([])).toContain('<TagSet></TagSet>')
  })
})

describe('the field of a form', () => {
  test('has checked tags', () => {
    expect(parseFormTagging(tagging(tag('a', '1')))).toEqual([{ key: 'a', value: '1' }])
    expect(() => parseFormTagging(tagging(tag('a', '<![CDATA[*]]>')))).toThrow('The TagValue you have provided is invalid')
    expect(() => parseFormTagging(tagging(...Array.from({ length: 11 }, (_, n) => tag(`k${n}`, ''))))).toThrow('Object tags cannot')
  })

  test.each(['<Other/>', '<Tagging/>', tagging('<Tag/>'), tagging('<Other/>'), '<TagSet/>'])('%s has no tags', (text) => {
    expect(parseFormTagging(text)).toEqual([])
  })

  test.each(['', 'a=b', '<Tagging>'])('"%s" is no XML', (text) => expect(() => parseFormTagging(text)).toThrow(MALFORMED as Error))
})
