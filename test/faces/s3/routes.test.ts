import { describe, expect, test } from 'vitest'
import { match } from '../../../src/faces/s3/match.ts'
import type { Level } from '../../../src/faces/s3/route.ts'
import { ROUTES } from '../../../src/faces/s3/routes.ts'

/** The operation of a request: the level is what the path says. */
function operationOf(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  { strict = false }: { strict?: boolean } = {},
): string | undefined {
  const { pathname, searchParams } = new URL(path, 'http://localhost')
  const depth = pathname.split('/').filter(Boolean).length
  const on: Level = depth === 0 ? 'account' : depth === 1 ? 'bucket' : 'object'
  return match({ on, method, query: searchParams, headers: new Headers(headers), allows: () => !strict })?.op
}

const copy = { 'x-amz-copy-source': '/b/k' }

test.each([
  ['GET', '/', 'ListBuckets'],
  ['GET', '/?x-id=ListBuckets', 'ListBuckets'],
  ['PUT', '/b', 'CreateBucket'],
  ['HEAD', '/b', 'HeadBucket'],
  ['HEAD', '/b?cors', 'HeadBucket'],
  ['DELETE', '/b', 'DeleteBucket'],
  ['GET', '/b', 'ListObjects'],
  ['GET', '/b?prefix=a&delimiter=/', 'ListObjects'],
  ['GET', '/b?list-type=2', 'ListObjectsV2'],
  ['GET', '/b?prefix=a&list-type=2', 'ListObjectsV2'],
  ['GET', '/b?uploads', 'ListMultipartUploads'],
  ['GET', '/b?uploads&list-type=2', 'ListMultipartUploads'],
  ['GET', '/b?location', 'GetBucketLocation'],
  ['GET', '/b?versioning', 'GetBucketVersioning'],
  ['GET', '/b?versions', 'ListObjectVersions'],
  ['GET', '/b?cors', 'GetBucketCors'],
  ['PUT', '/b?cors', 'PutBucketCors'],
  ['DELETE', '/b?cors', 'DeleteBucketCors'],
  ['GET', '/b?lifecycle', 'GetBucketLifecycleConfiguration'],
  ['PUT', '/b?lifecycle', 'PutBucketLifecycleConfiguration'],
  ['DELETE', '/b?lifecycle', 'DeleteBucketLifecycle'],
  ['GET', '/b?policyStatus', 'GetGetBucketPolicyStatus'],
  ['GET', '/b?object-lock', 'GetObjectLockConfiguration'],
  ['PUT', '/b?versioning', 'PutBucketVersioning'],
  ['DELETE', '/b?website', 'DeleteBucketWebsite'],
  ['POST', '/b?delete', 'DeleteObjects'],
  ['POST', '/b', 'PostBucket'],
  ['GET', '/b/k', 'GetObject'],
  ['GET', '/b/k?x-id=GetObject', 'GetObject'],
  ['GET', '/b/k?response-content-type=text/plain', 'GetObject'],
  ['GET', '/b/k?partNumber=2', 'GetObject'],
  ['GET', '/b/k?partNumber=2&tagging', 'GetObject'],
  ['HEAD', '/b/k', 'HeadObject'],
  ['HEAD', '/b/k?uploadId=u', 'HeadObject'],
  ['PUT', '/b/k', 'PutObject'],
  ['PUT', '/b/k?uploadId=u', 'PutObject'], // A part without a number is an object.
  ['PUT', '/b/k?partNumber=1', 'PutObject'],
  ['PUT', '/b/k?partNumber=1&uploadId=u', 'UploadPart'],
  ['PUT', '/b/k?uploadId=u&partNumber=', 'UploadPart'],
  ['POST', '/b/k', 'PutObject'],
  ['POST', '/b/k?uploads', 'CreateMultipartUpload'],
  ['POST', '/b/k?uploadId=u', 'CompleteMultipartUpload'],
  ['GET', '/b/k?uploadId=u', 'ListParts'],
  ['GET', '/b/k?uploads', 'ListMultipartUploads'],
  ['DELETE', '/b/k', 'DeleteObject'],
  ['DELETE', '/b/k?uploadId=u', 'AbortMultipartUpload'],
  ['GET', '/b/k?tagging', 'GetObjectTagging'],
  ['PUT', '/b/k?tagging', 'PutObjectTagging'],
  ['GET', '/b/k?acl', 'GetObjectAcl'],
  ['PUT', '/b/k?acl', 'PutObjectAcl'],
  ['GET', '/b/k?attributes', 'GetObjectAttributes'],
  ['DELETE', '/b/k?tagging', 'DeleteObjectTagging'],
])('%s %s is %s', (method, path, operation) => expect(operationOf(method, path)).toBe(operation))

test.each([
  ['GET', '/b/k?tagging', 'GetObjectTagging'],
  ['PUT', '/b/k?tagging', 'PutObjectTagging'],
  ['DELETE', '/b/k?tagging', 'DeleteObject'],
])('strictly, %s %s is %s', (method, path, operation) => expect(operationOf(method, path, {}, { strict: true })).toBe(operation))

test.each([
  ['/b/k', 'CopyObject'],
  ['/b/k?uploadId=u', 'CopyObject'],
  ['/b/k?partNumber=1&uploadId=u', 'UploadPartCopy'],
  ['/b/k?tagging', 'PutObjectTagging'],
])('PUT %s with a copy source is %s', (path, operation) => expect(operationOf('PUT', path, copy)).toBe(operation))

test('a copy source means nothing elsewhere', () => {
  expect(operationOf('GET', '/b/k', copy)).toBe('GetObject')
  expect(operationOf('POST', '/b/k', copy)).toBe('PutObject')
})

describe('of two subresources', () => {
  test.each([
    ['/b?cors&versioning', 'GetBucketCors'],
    ['/b?versioning&cors', 'GetBucketVersioning'],
    ['/b?website&acl', 'GetBucketWebsite'],
    ['/b?list-type=2&acl', 'GetBucketAcl'], // A subresource goes before a listing, wherever it is.
  ])('the first in %s wins: %s', (path, operation) => expect(operationOf('GET', path)).toBe(operation))
})

test.each([
  ['PATCH', '/b'],
  ['OPTIONS', '/b/k'],
  ['PUT', '/'],
  ['DELETE', '/'],
  ['HEAD', '/'],
  ['PUT', '/b/k?partNumber=one&uploadId=u'],
  ['GET', '/b/k?partNumber=1.5&uploadId=u'],
])('%s %s is nothing', (method, path) => expect(operationOf(method, path)).toBeUndefined())

describe('the table', () => {
  test('has a way to every row', () => {
    const reachable = ROUTES.filter((route) => {
      const names = [...(route.query ?? []), ...(route.subresource ? [route.subresource] : [])]
      const query = new URLSearchParams(names.map((name) => [name, name === 'partNumber' ? '1' : '']))
      const headers = new Headers(route.header ? { [route.header]: 'x' } : {})
      return [true, false].some((allows) => match({ ...route, query, headers, allows: () => allows }) === route)
    })
    expect(ROUTES.filter((route) => !reachable.includes(route)).map(({ op }) => op)).toEqual([])
  })

  test('lets nobody write with a permission to read', () => {
    const writes = ROUTES.filter(({ method, op }) => ['PUT', 'DELETE', 'POST'].includes(method) && op !== 'PostBucket')
    expect(writes.filter(({ needs }) => !needs.endsWith(':write')).map(({ op }) => op)).toEqual([])
    const reads = ROUTES.filter(({ method }) => ['GET', 'HEAD'].includes(method))
    expect(reads.filter(({ needs }) => needs.endsWith(':write')).map(({ op }) => op)).toEqual([])
  })
})
