import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ObjectSummary } from '../../../../src/core/object.ts'
import { readXml } from '../../../../src/core/xml-reader.ts'
import { renderAccessControlPolicy } from '../../../../src/faces/s3/xml/access-control-policy.ts'
import { renderListAllMyBuckets } from '../../../../src/faces/s3/xml/list-all-my-buckets.ts'
import { renderListBucket } from '../../../../src/faces/s3/xml/list-bucket.ts'
import { renderListMultipartUploads } from '../../../../src/faces/s3/xml/list-multipart-uploads.ts'
import { renderListParts } from '../../../../src/faces/s3/xml/list-parts.ts'
import { allNamed } from '../../../../src/faces/s3/xml/schema.ts'
import { timeLimit } from '../../../support/fuzz.ts'

const start = (root: string) => `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`
const AT = '2026-06-11T10:20:30.123Z'
const AT_MS = Date.parse(AT)
const ACCOUNT = '<ID>acc</ID><DisplayName>acc</DisplayName>'

const object = (key: string, more: Partial<ObjectSummary> = {}): ObjectSummary => ({
  key,
  size: 3,
  etag: 'e',
  uploadedMs: AT_MS,
  storageClass: 'Standard',
  ...more,
})
const contents = (key: string, { owner = '', storageClass = 'STANDARD' } = {}) =>
  `<Contents><Key>${key}</Key><Size>3</Size><LastModified>${AT}</LastModified><ETag>&quot;e&quot;</ETag>${owner}` +
  `<StorageClass>${storageClass}</StorageClass></Contents>`
const page = { name: 'b', prefix: '', maxKeys: 1000, isTruncated: false, objects: [], delimitedPrefixes: [] }

describe('ListBucketResult', () => {
  test('version 1 prints an owner per object and always a marker', () => {
    const xml = renderListBucket({ ...page, version: 1, owner: 'acc', objects: [object('a/é&b')] })
    expect(xml).toBe(
      `${start('ListBucketResult')}<Name>b</Name>${contents('a/é&amp;b', { owner: `<Owner>${ACCOUNT}</Owner>` })}` +
        '<IsTruncated>false</IsTruncated><Prefix></Prefix><Marker></Marker><MaxKeys>1000</MaxKeys></ListBucketResult>',
    )
  })

  test('version 1, truncated and encoded', () => {
    const xml = renderListBucket({
      ...page,
      version: 1,
      prefix: 'p q/',
      delimiter: '/',
      marker: 'p q/a+b',
      nextMarker: 'p q/d/',
      encodingType: 'url',
      isTruncated: true,
      maxKeys: 2,
      objects: [object("p q/c'*", { storageClass: 'InfrequentAccess' })],
      delimitedPrefixes: ['p q/d/'],
    })
    expect(xml).toBe(
      `${start('ListBucketResult')}<Name>b</Name>${contents('p%20q%2Fc%27%2A', { storageClass: 'STANDARD_IA' })}` +
        '<IsTruncated>true</IsTruncated><CommonPrefixes><Prefix>p%20q%2Fd%2F</Prefix></CommonPrefixes><Prefix>p%20q%2F</Prefix>' +
        '<Delimiter>%2F</Delimiter><Marker>p%20q%2Fa%2Bb</Marker><NextMarker>p%20q%2Fd%2F</NextMarker><MaxKeys>2</MaxKeys>' +
        '<EncodingType>url</EncodingType></ListBucketResult>',
    )
  })

  test('version 2 counts keys and prefixes, and does not encode tokens', () => {
    const xml = renderListBucket({
      ...page,
      version: 2,
      delimiter: '/',
      startAfter: 'a/0',
      continuationToken: 't/1+=',
      nextContinuationToken: 't/2+=',
      encodingType: 'url',
      isTruncated: true,
      maxKeys: 5000,
      objects: [object('a/1')],
      delimitedPrefixes: ['b/', 'c/'],
    })
    expect(xml).toBe(
      `${start('ListBucketResult')}<Name>b</Name>${contents('a%2F1')}<IsTruncated>true</IsTruncated>` +
        '<CommonPrefixes><Prefix>b%2F</Prefix></CommonPrefixes><CommonPrefixes><Prefix>c%2F</Prefix></CommonPrefixes><Prefix></Prefix>' +
        '<Delimiter>%2F</Delimiter><StartAfter>a%2F0</StartAfter><ContinuationToken>t/1+=</ContinuationToken>' +
        '<NextContinuationToken>t/2+=</NextContinuationToken><MaxKeys>5000</MaxKeys><KeyCount>3</KeyCount>' +
        '<EncodingType>url</EncodingType></ListBucketResult>',
    )
  })

  test('version 2 of an empty bucket', () => {
    expect(renderListBucket({ ...page, version: 2 })).toBe(
      `${start('ListBucketResult')}<Name>b</Name><IsTruncated>false</IsTruncated><Prefix></Prefix><MaxKeys>1000</MaxKeys>` +
        '<KeyCount>0</KeyCount></ListBucketResult>',
    )
  })

  test(
    'any key can be read back, plain or encoded',
    () => {
      const keysIn = (xml: string) =>
        allNamed(readXml(new TextEncoder().encode(xml), 'ListBucketResult').children, 'Contents').map((entry) => entry.children[0]?.text)
      fc.assert(
        fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (keys) => {
          const listing = { ...page, version: 2 as const, objects: keys.map((key) => object(key)) }
          const plain = renderListBucket(listing)
          // A listing that says `url` on its own does so for a key that XML cannot hold.
          const isEncoded = plain.includes('<EncodingType>url</EncodingType>')
          expect(isEncoded).toBe(keys.some((key) => /[^\t\n\r -\uFFFD]/.test(key)))
          expect(keysIn(plain).map((key) => (isEncoded ? decodeURIComponent(key!) : key))).toEqual(keys)
          expect(keysIn(renderListBucket({ ...listing, encodingType: 'url' })).map((key) => decodeURIComponent(key!))).toEqual(keys)
        }),
      )
    },
    timeLimit(30_000),
  )
})

describe('a listing with a key that XML cannot hold', () => {
  test('encodes that key, and of the others no more than it has to', () => {
    const objects = ['a b/é&\r', 'a\u0001b', '100%+1', '\uffff'].map((key) => object(key))
    const listing = renderListBucket({ ...page, version: 1, objects, delimitedPrefixes: ['\u0002/'], nextMarker: '\u0003' })
    expect([...listing.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key)).toEqual([
      'a b/é&amp;&#xD;',
      'a%01b',
      '100%25%2B1',
      '%EF%BF%BF',
    ])
    expect(listing).toContain('<CommonPrefixes><Prefix>%02/</Prefix></CommonPrefixes>')
    expect(listing).toContain('<NextMarker>%03</NextMarker>')
    expect(listing).toContain('<EncodingType>url</EncodingType>')
  })

  test('is one of uploads, too, or one whose prefix cannot stand there', () => {
    const uploads = [{ key: '\u0001', uploadId: 'u', storageClass: 'Standard', initiatedMs: AT_MS } as const]
    const listing = { bucket: 'b', maxUploads: 1, isTruncated: false, owner: 'acc', uploads, delimitedPrefixes: [] }
    expect(renderListMultipartUploads(listing)).toContain('<Key>%01</Key>')
    expect(renderListBucket({ ...page, version: 2, prefix: '\u0001' })).toContain('<Prefix>%01</Prefix>')
  })
})

describe('ListAllMyBucketsResult', () => {
  test('buckets come before the owner, and are there when there are none', () => {
    expect(renderListAllMyBuckets({ owner: 'acc', buckets: [{ name: 'b', createdMs: AT_MS }] })).toBe(
      `${start('ListAllMyBucketsResult')}<Buckets><Bucket><Name>b</Name><CreationDate>${AT}</CreationDate></Bucket></Buckets>` +
        `<Owner>${ACCOUNT}</Owner></ListAllMyBucketsResult>`,
    )
    expect(renderListAllMyBuckets({ owner: 'acc', buckets: [] })).toContain('<Buckets></Buckets>')
  })

  test('paging elements come last', () => {
    const xml = renderListAllMyBuckets({
      owner: 'acc',
      buckets: [],
      isTruncated: true,
      nextContinuationToken: 'n',
      startAfter: 's',
      keyCount: 0,
      continuationToken: 'c',
      maxKeys: 1,
    })
    expect(xml).toContain(
      '</Owner><IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken><StartAfter>s</StartAfter>' +
        '<KeyCount>0</KeyCount><ContinuationToken>c</ContinuationToken><MaxKeys>1</MaxKeys></ListAllMyBucketsResult>',
    )
  })
})

test('ListPartsResult', () => {
  const part = { partNumber: 2, uploadedMs: AT_MS, etag: 'e', size: 5 }
  const xml = renderListParts({
    bucket: 'b',
    key: 'a/b c',
    uploadId: 'u+/=',
    owner: 'acc',
    storageClass: 'Standard',
    partNumberMarker: 1,
    nextPartNumberMarker: 3,
    maxParts: 2,
    isTruncated: true,
    parts: [part, { ...part, partNumber: 3, checksum: { algorithm: 'CRC32', type: 'COMPOSITE', value: 'AAAAAA==' } }],
  })
  const partXml = (number: number, checksum: string) =>
    `<Part><PartNumber>${number}</PartNumber><LastModified>${AT}</LastModified><ETag>&quot;e&quot;</ETag><Size>5</Size>${checksum}</Part>`
  expect(xml).toBe(
    `${start('ListPartsResult')}<Bucket>b</Bucket><Key>a/b c</Key><UploadId>u+/=</UploadId><Initiator>${ACCOUNT}</Initiator>` +
      `<Owner>${ACCOUNT}</Owner><StorageClass>STANDARD</StorageClass><PartNumberMarker>1</PartNumberMarker>` +
      '<NextPartNumberMarker>3</NextPartNumberMarker><MaxParts>2</MaxParts><IsTruncated>true</IsTruncated>' +
      `${partXml(2, '')}${partXml(3, '<ChecksumCRC32>AAAAAA==</ChecksumCRC32>')}</ListPartsResult>`,
  )
})

describe('ListMultipartUploadsResult', () => {
  const uploads = [{ key: 'a/b', uploadId: 'u/', storageClass: 'Standard' as const, initiatedMs: AT_MS }]
  const upload = (key: string) =>
    `<Upload><Key>${key}</Key><UploadId>u/</UploadId><Initiator>${ACCOUNT}</Initiator><Owner>${ACCOUNT}</Owner>` +
    `<StorageClass>STANDARD</StorageClass><Initiated>${AT}</Initiated></Upload>`
  const plain = { bucket: 'b', maxUploads: 1000, isTruncated: false, owner: 'acc', uploads, delimitedPrefixes: [] }

  test('prints the markers of the request even when there are none', () => {
    expect(renderListMultipartUploads(plain)).toBe(
      `${start('ListMultipartUploadsResult')}<Bucket>b</Bucket><KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker>` +
        `<MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated>${upload('a/b')}</ListMultipartUploadsResult>`,
    )
  })

  test('encodes keys and prefixes but no upload ids', () => {
    const xml = renderListMultipartUploads({
      ...plain,
      keyMarker: 'a/',
      uploadIdMarker: 'm/',
      nextKeyMarker: 'a/b',
      nextUploadIdMarker: 'u/',
      prefix: 'a/',
      delimiter: '/',
      encodingType: 'url',
      isTruncated: true,
      delimitedPrefixes: ['a/c/'],
    })
    expect(xml).toBe(
      `${start('ListMultipartUploadsResult')}<Bucket>b</Bucket><KeyMarker>a%2F</KeyMarker><UploadIdMarker>m/</UploadIdMarker>` +
        '<NextKeyMarker>a%2Fb</NextKeyMarker><NextUploadIdMarker>u/</NextUploadIdMarker><Prefix>a%2F</Prefix><Delimiter>%2F</Delimiter>' +
        `<EncodingType>url</EncodingType><MaxUploads>1000</MaxUploads><IsTruncated>true</IsTruncated>${upload('a%2Fb')}` +
        '<CommonPrefixes><Prefix>a%2Fc%2F</Prefix></CommonPrefixes></ListMultipartUploadsResult>',
    )
  })
})

test('AccessControlPolicy grants the account everything', () => {
  expect(renderAccessControlPolicy('acc')).toBe(
    `${start('AccessControlPolicy')}<Owner>${ACCOUNT}</Owner><AccessControlList><Grant>` +
      `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">${ACCOUNT}</Grantee>` +
      '<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>',
  )
})
