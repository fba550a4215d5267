import { describe, expect, test } from 'vitest'
import { bucketLabel, labelledBucket } from '../../src/core/bucket-label.ts'
import { actionOf, actionStatusOf, isWrite, priceClassOf } from '../../src/core/operations.ts'

// https://developers.cloudflare.com/r2/pricing/
const CLASSES = {
  A: 'ListBuckets PutBucket ListObjects PutObject CopyObject CompleteMultipartUpload CreateMultipartUpload LifecycleStorageTierTransition ListMultipartUploads UploadPart UploadPartCopy ListParts PutBucketEncryption PutBucketCors PutBucketLifecycleConfiguration',
  B: 'HeadBucket HeadObject GetObject UsageSummary GetBucketEncryption GetBucketLocation GetBucketCors GetBucketLifecycleConfiguration',
  free: 'DeleteObject DeleteBucket AbortMultipartUpload',
}

describe('an operation', () => {
  test.each(Object.entries(CLASSES))('is of class %s as on the price list', (priceClass, names) => {
    for (const name of names.split(' ')) expect([name, priceClassOf(name, 200)]).toEqual([name, priceClass])
  })

  test('that is refused for want of a right is free, any other failure is not', () => {
    expect([401, 403, 404, 412, 500].map((status) => priceClassOf('PutObject', status))).toEqual(['free', 'free', 'A', 'A', 'A'])
  })

  test('has the name that R2 gives it', () => {
    expect(['ListObjectsV2', 'CreateBucket', 'GetObject'].map(actionOf)).toEqual(['ListObjects', 'PutBucket', 'GetObject'])
  })

  test('ends well, by its sender, or by us', () => {
    expect([200, 304, 404, 412, 500].map(actionStatusOf)).toEqual(['success', 'success', 'userError', 'userError', 'internalError'])
  })

  test('changes a bucket unless it reads or lists', () => {
    expect(['GetObject', 'HeadBucket', 'ListParts', 'UsageSummary', 'PutObject', 'DeleteObjects'].filter(isWrite)).toEqual([
      'PutObject',
      'DeleteObjects',
    ])
  })
})

test.each([
  ['photos', { jurisdiction: 'default', name: 'photos' }],
  ['eu_photos', { jurisdiction: 'eu', name: 'photos' }],
  ['fedramp-high_photos', { jurisdiction: 'fedramp-high', name: 'photos' }],
] as const)('the label %s names a bucket, both ways', (label, ref) => {
  expect(bucketLabel(ref)).toBe(label)
  expect(labelledBucket(label)).toEqual(ref)
})
