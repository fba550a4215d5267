import { describe, expect, test } from 'vitest'
import { copySourceBucket, readCopySource } from '../../../src/faces/s3/copy-source.ts'

const headersOf = (source: string) => new Headers({ 'x-amz-copy-source': source })
const read = (source: string) => readCopySource({ headers: headersOf(source), jurisdiction: 'default' }).at

describe('readCopySource', () => {
  test.each([
    ['bucket/key', 'key'],
    ['/bucket/key', 'key'],
    ['bucket/a/b', 'a/b'],
    ['/bucket//a', '/a'],
    ['bucket/a+b%2B%2520', 'a+b+%20'],
    ['%2Fbucket%2Fa%2fb', 'a/b'],
    ['bucket/a?b', 'a?b'],
    ['bucket/a%3FversionId=1', 'a?versionId=1'],
  ])('%s names %j', (source, key) => {
    expect(read(source)).toEqual({ bucket: { jurisdiction: 'default', name: 'bucket' }, key })
    expect(copySourceBucket(headersOf(source))).toBe('bucket')
  })

  test.each(['', '/', 'bucket', '/bucket', 'bucket/', '//key'])('%j names nothing', (source) => {
    expect(() => read(source)).toThrow('copy source bucket name')
  })

  test.each(['bucket/key?versionId=1', 'bucket/a?b?versionId='])('%s asks for a version', (source) => {
    expect(() => read(source)).toThrow('versionId not implemented')
  })

  test('bytes that are not UTF-8 are no name, and the bucket before them still is one', () => {
    expect(() => read('bucket/%ff')).toThrow('The specified object name is not valid.')
    expect(copySourceBucket(headersOf('bucket/%ff'))).toBe('bucket')
  })
})
