import { describe, expect, test } from 'vitest'
import { readAddress } from '../../../src/faces/s3/address.ts'

/** `jurisdiction bucket key`, as far as the address says. */
function address(url: string, s3Host?: string): string {
  const read = readAddress(new URL(url), { s3Host })
  return [read.jurisdiction, ...('bucket' in read ? [read.bucket] : []), ...('encodedKey' in read ? [read.encodedKey] : [])].join(' ')
}

describe('on a plain host the path says it all', () => {
  test.each([
    ['http://localhost:8787/', 'default'],
    ['https://cairn.account.workers.dev/', 'default'],
    ['https://cairn.account.workers.dev/photos', 'default photos'],
    ['https://cairn.account.workers.dev/photos/', 'default photos'],
    ['https://cairn.account.workers.dev/photos/cat.jpg', 'default photos cat.jpg'],
    ['http://127.0.0.1:8787/photos/cat.jpg', 'default photos cat.jpg'],
    ['http://[::1]:8787/photos/cat.jpg', 'default photos cat.jpg'],
    ['http://localhost/photos//double', 'default photos /double'],
    ['http://localhost/photos/a/b/', 'default photos a/b/'],
    ['http://localhost/photos/%2F%C3%A9+', 'default photos %2F%C3%A9+'],
    ['http://localhost/photos?delete', 'default photos'],
    ['https://eu.account.workers.dev/photos', 'default photos'], // No label of ours means anything there.
  ])('%s is %s', (url, expected) => expect(address(url)).toBe(expected))
})

describe('under localhost and the S3 host, labels are a bucket, a jurisdiction, or both', () => {
  test.each([
    ['http://photos.localhost:8787/', undefined, 'default photos'],
    ['http://photos.localhost:8787/cat.jpg', undefined, 'default photos cat.jpg'],
    ['http://photos.localhost/client/v4/x', undefined, 'default photos client/v4/x'],
    ['http://my.photos.localhost/a', undefined, 'default my.photos a'],
    ['http://eu.localhost/', undefined, 'eu'],
    ['http://eu.localhost/photos/a', undefined, 'eu photos a'],
    ['http://photos.eu.localhost/a', undefined, 'eu photos a'],
    ['http://fedramp.localhost/photos', undefined, 'fedramp photos'],
    ['http://fedramp-high.localhost/photos', undefined, 'fedramp-high photos'],
    ['http://photos.us.localhost/a', undefined, 'us photos a'],
    ['http://default.localhost/a', undefined, 'default default a'],
    ['https://s3.example.com/photos/a', 's3.example.com', 'default photos a'],
    ['https://photos.s3.example.com/a', 's3.example.com', 'default photos a'],
    ['https://PHOTOS.S3.Example.com/A', 's3.example.com', 'default photos A'],
    ['https://my.photos.eu.s3.example.com/a', 's3.example.com', 'eu my.photos a'],
    ['https://photos.s3.example.com./a', 's3.example.com', 'default photos a'],
    ['https://evils3.example.com/photos/a', 's3.example.com', 'default photos a'],
    ['https://photos.example.com/bucket/a', 's3.example.com', 'default bucket a'],
  ])('%s with %s is %s', (url, s3Host, expected) => expect(address(url, s3Host)).toBe(expected))
})
