import { describe, expect, test } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { checkNotOwnBucket, readEndpoint } from '../../src/sources/endpoint.ts'
import { placeOf, urlOfKey } from '../../src/sources/s3/place.ts'

const DEPLOYED = { local: false }
const LOCAL = { local: true }

describe('a deployment', () => {
  test.each([
    'https://s3.example.com',
    'https://8.8.8.8',
    'https://[2606:4700::1111]:9000/path',
    'https://172.32.0.1',
    'https://100.128.0.1',
  ])('reaches %s', (url) => expect(readEndpoint(url, DEPLOYED).href).toContain('https://'))

  test.each([
    'http://s3.example.com',
    'ftp://s3.example.com',
    'https://user:pass@s3.example.com',
    'https://s3.example.com?x=1',
    'https://s3.example.com/#x',
    's3.example.com',
    `https://s3.example.com/${'x'.repeat(3000)}`,
    'https://localhost',
    'https://LOCALHOST.',
    'https://a.localhost',
    'https://127.0.0.1',
    'https://2130706433',
    'https://0x7f.1',
    'https://0177.0.0.1',
    'https://0',
    'https://10.1.2.3',
    'https://172.16.0.1',
    'https://192.168.1.1',
    'https://169.254.169.254',
    'https://100.64.0.1',
    'https://198.18.0.1',
    'https://224.0.0.1',
    'https://255.255.255.255',
    'https://[::1]',
    'https://[::]',
    'https://[::ffff:127.0.0.1]',
    'https://[fe80::1]',
    'https://[fd00::1]',
    'https://[2002:7f00:1::]',
    'https://[2001:db8::1]',
    'https://[64:ff9b::7f00:1]',
    'https://metadata.google.internal',
    'https://intranet',
    'https://localhost..',
    'https://127.0.0.1..',
    'https://nas.local..',
    'https://%6cocalhost',
    'https://①②⑦.0.0.1',
    'https://nas.local',
  ])('refuses %s', (url) => expect(() => readEndpoint(url, DEPLOYED)).toThrow(StoreError))
})

describe('a local server', () => {
  test.each(['http://localhost:9000', 'http://127.0.0.1', 'http://[::1]:1', 'https://192.168.1.5', 'https://nas.local'])(
    'reaches %s',
    (url) => expect(readEndpoint(url, LOCAL).protocol).toMatch(/^https?:$/),
  )

  test.each(['http://192.168.1.5', 'http://s3.example.com', 'http://localhost.example.com', 'http://127.0.0.1.example.com'])(
    'refuses %s',
    (url) => expect(() => readEndpoint(url, LOCAL)).toThrow('https://'),
  )
})

test('a source is never the bucket itself', () => {
  const own = { hosts: ['s3.cairn.example', '127.0.0.1:8787'], bucket: 'photos' }
  for (const url of [
    'https://s3.cairn.example/photos',
    'https://photos.s3.cairn.example/',
    'http://127.0.0.1:8787/photos/x',
    'https://photos.eu.s3.cairn.example',
    'https://s3.cairn.example./photos',
    'https://S3.CAIRN.example:443/%70hotos',
    'https://photos.s3.cairn.example./',
    'http://127.1:8787/photos',
  ]) {
    expect(() => checkNotOwnBucket(new URL(url), own)).toThrow('itself')
  }
  for (const url of ['https://s3.cairn.example/other', 'https://s3.other.example/photos', 'http://127.0.0.1:8788/photos']) {
    checkNotOwnBucket(new URL(url), own)
  }
})

describe('places', () => {
  test.each([
    [{ bucket: 'b', region: 'eu-west-1' }, 'https://b.s3.eu-west-1.amazonaws.com', 'eu-west-1'],
    [{ bucket: 'b.c', region: 'eu-west-1' }, 'https://s3.eu-west-1.amazonaws.com/b.c', 'eu-west-1'],
    [{ bucket: 'b', region: 'cn-north-1' }, 'https://b.s3.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    [{ bucket: 'b' }, 'https://b.s3.us-east-1.amazonaws.com', 'us-east-1'],
    [
      { bucket: 'b', endpoint: 'https://s3.eu-central-003.backblazeb2.com/' },
      'https://s3.eu-central-003.backblazeb2.com/b',
      'eu-central-003',
    ],
    [{ bucket: 'b', endpoint: 'https://x.r2.cloudflarestorage.com' }, 'https://x.r2.cloudflarestorage.com/b', 'auto'],
    [{ bucketUrl: 'https://b.s3.eu-west-2.amazonaws.com/' }, 'https://b.s3.eu-west-2.amazonaws.com', 'eu-west-2'],
    [{ bucketUrl: 'https://b.s3-us-west-2.amazonaws.com' }, 'https://b.s3-us-west-2.amazonaws.com', 'us-west-2'],
    [{ bucketUrl: 'https://b.s3.amazonaws.com' }, 'https://b.s3.amazonaws.com', 'us-east-1'],
    [{ bucketUrl: 'https://minio.example.com/b' }, 'https://minio.example.com/b', 'us-east-1'],
  ])('%j', (address, root, region) => expect(placeOf(address, DEPLOYED)).toMatchObject({ root, region }))

  test.each([
    { bucket: 'b', region: 'x/../y' },
    { bucket: 'b', region: 'evil.example.com#' },
    { bucket: 'a/b' },
    { bucket: '..' },
    { bucket: 'a@b' },
    { bucket: '' },
  ])('%j is refused', (address) => expect(() => placeOf(address, DEPLOYED)).toThrow(StoreError))

  test('a key is encoded whole', () => {
    expect(urlOfKey({ root: 'https://h/b', region: 'r' }, 'a b/ü+%2F?#')).toBe('https://h/b/a%20b/%C3%BC%2B%252F%3F%23')
  })
})
