import { describe, expect, test } from 'vitest'
import { parseCompleteMultipartUpload } from '../../../../src/faces/s3/xml/complete-multipart-upload.ts'

const complete = (...parts: string[]) =>
  parseCompleteMultipartUpload(new TextEncoder().encode(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`))
const part = (number: string | number, etag = 'e') => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`
const failure = (code: string, message?: string) => expect.objectContaining({ code, ...(message && { message }) })

test('parts keep their order and lose the quotes of their ETags', () => {
  expect(complete(part(2, '"b"'), part(1, 'a'), part(10_000, '&quot;c&#34;'))).toEqual({
    parts: [
      { partNumber: 2, etag: 'b' },
      { partNumber: 1, etag: 'a' },
      { partNumber: 10_000, etag: 'c' },
    ],
  })
})

test('a declaration, the namespace, white space and the order of children make no difference', () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
    <CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
      <Part><ETag> "a" </ETag><PartNumber> 01 </PartNumber><Unknown>x</Unknown></Part>
    </CompleteMultipartUpload>`
  expect(parseCompleteMultipartUpload(new TextEncoder().encode(xml)).parts).toEqual([{ partNumber: 1, etag: 'a' }])
})

test('checksums are read where they are given', () => {
  const xml =
    '<Part><PartNumber>1</PartNumber><ETag>a</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32><ChecksumSHA256/><ChecksumMD4>x</ChecksumMD4></Part>'
  expect(complete(xml).parts).toEqual([{ partNumber: 1, etag: 'a', checksums: { CRC32: 'AAAAAA==' } }])
})

test('ten thousand parts are allowed', () => {
  expect(complete(...Array.from({ length: 10_000 }, (_, i) => part(i + 1))).parts).toHaveLength(10_000)
})

describe('malformed', () => {
  test.each([
    ['no parts', ''],
    ['a part number that is a word', part('abc')],
    ['a part number with a fraction', part('1.5')],
    ['a part number with an exponent', part('1e1')],
    ['an empty part number', part('')],
    ['no part number', '<Part><ETag>a</ETag></Part>'],
    ['no ETag', '<Part><PartNumber>1</PartNumber></Part>'],
    ['an empty ETag', part(1, '')],
    ['two ETags', '<Part><PartNumber>1</PartNumber><ETag>a</ETag><ETag>b</ETag></Part>'],
    ['an open part', '<Part>'],
    ['bad syntax behind a number out of range', part(0) + part('abc')],
  ])('%s', (_, parts) => expect(() => complete(parts)).toThrow(failure('MalformedXML')))

  test('another root', () => {
    const xml = new TextEncoder().encode(`<CompleteUpload>${part(1)}</CompleteUpload>`)
    expect(() => parseCompleteMultipartUpload(xml)).toThrow(failure('MalformedXML'))
  })
})

test.each(['0', '-1', '10001', '99999999999999999999'])('part number %s cannot be found', (number) => {
  expect(() => complete(part(number))).toThrow(failure('InvalidPart', 'One or more of the specified parts could not be found.'))
})

test('the same number twice is a problem with the upload, however it is spelled', () => {
  expect(() => complete(part(1), part(2), part('01'))).toThrow(failure('InvalidPart', 'There was a problem with the multipart upload.'))
})
