import { describe, expect, test } from 'vitest'
import { withoutEmpty } from '../../../src/faces/s3/empty-headers.ts'
import { REFUSED } from '../../../src/faces/s3/screening.ts'

describe('an empty header', () => {
  test.each([
    ...['range', 'x-amz-acl', 'x-amz-storage-class', 'x-amz-server-side-encryption', 'x-amz-tagging', 'x-amz-metadata-directive'],
    ...['x-amz-checksum-algorithm', 'x-amz-sdk-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type', 'x-amz-trailer'],
    ...['x-amz-copy-source-range', 'x-amz-mp-object-size', 'cf-create-bucket-if-missing', 'x-amz-expected-bucket-owner'],
    ...Object.values(REFUSED)
      .flat()
      .filter((name) => !name.includes('-if-')),
  ])('%s that asks for nothing was not sent', (name) => {
    expect([...withoutEmpty(new Headers({ [name]: '', 'x-amz-meta-a': 'b' }))]).toEqual([['x-amz-meta-a', 'b']])
    expect([...withoutEmpty(new Headers({ [name]: 'x' }))]).toEqual([[name, 'x']])
  })

  test.each([
    ...['x-amz-meta-a', 'content-md5', 'x-amz-checksum-crc32', 'x-amz-checksum-crc64nvme', 'x-amz-checksum-sha256', 'x-amz-copy-source'],
    ...['if-match', 'if-none-match', 'x-amz-copy-source-if-match', 'cf-copy-destination-if-none-match', 'if-unmodified-since'],
    ...['algorithm', 'key', 'key-md5'].map((name) => `x-amz-server-side-encryption-customer-${name}`),
    'x-amz-copy-source-server-side-encryption-customer-key',
  ])('%s that asks for a check, a source or a key stays', (name) => {
    expect([...withoutEmpty(new Headers({ [name]: '' }))]).toEqual([[name, '']])
  })
})
