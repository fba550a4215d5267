import { expect, test } from 'vitest'
import { cacheLifetime } from '../../src/core/cache-lifetime.ts'

const NOW = 1_800_000_000_000

test.each([
  ['max-age=60', 60],
  ['public, max-age=60', 60],
  ['MAX-AGE=60', 60],
  ['max-age="60"', 60],
  ['s-maxage=5, max-age=60', 5],
  ['max-age=60, max-age=90', 60],
  ['max-age=99999999999', 31_536_000],
  ['max-age=0', 'forbidden'],
  ['s-maxage=0, max-age=60', 'forbidden'],
  ['max-age=soon', 'forbidden'],
  ['private, max-age=60', 'forbidden'],
  ['no-store', 'forbidden'],
  ['no-cache', 'forbidden'],
  ['no-cache="set-cookie"', 'forbidden'],
  ['must-revalidate', 'unasked'],
  ['x-max-age=60', 'unasked'],
])('Cache-Control %j: %s', (cacheControl, lifetime) => expect(cacheLifetime('page', { cacheControl }, NOW)).toBe(lifetime))

test('Expires counts where Cache-Control tells no age', () => {
  expect(cacheLifetime('page', { cacheExpiryMs: NOW + 90_500 }, NOW)).toBe(90)
  expect(cacheLifetime('a.png', { cacheExpiryMs: NOW - 1 }, NOW)).toBe('forbidden')
  expect(cacheLifetime('page', { cacheControl: 'max-age=5', cacheExpiryMs: NOW + 90_000 }, NOW)).toBe(5)
})

test.each([
  ['a.png', 7200],
  ['A.PNG', 7200],
  ['folder.x/video.mp4', 7200],
  ['index.html', 'unasked'],
  ['data.json', 'unasked'],
  ['png', 'unasked'],
  ['a.png/', 'unasked'],
  ['a.constructor', 'unasked'],
])('%s, of which nothing is said: %s', (key, lifetime) => expect(cacheLifetime(key, {}, NOW)).toBe(lifetime))

test('public alone leaves it to the name', () => expect(cacheLifetime('a.png', { cacheControl: 'public' }, NOW)).toBe(7200))
