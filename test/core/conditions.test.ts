import { describe, expect, test } from 'vitest'
import { evaluateConditions, type Verdict } from '../../src/core/conditions.ts'
import type { Conditions } from '../../src/core/object.ts'

const UPLOADED = 1_700_000_000_500
const SECOND = 1_700_000_000_000
const BEFORE = UPLOADED - 60_000
const AFTER = UPLOADED + 60_000
const object = { etag: 'abc', uploadedMs: UPLOADED }

const strong = [{ etag: 'abc', weak: false }]
const weak = [{ etag: 'abc', weak: true }]
const other = [{ etag: 'xyz', weak: false }]

describe('on an object', () => {
  test.each<[string, Conditions, Verdict]>([
    ['no condition', {}, 'ok'],
    ['If-Match: *', { ifMatch: '*' }, 'ok'],
    ['If-Match on its tag', { ifMatch: strong }, 'ok'],
    ['If-Match on a list with its tag', { ifMatch: [...other, ...strong] }, 'ok'],
    ['If-Match on its tag made weak', { ifMatch: weak }, 'failed'],
    ['If-Match on another tag', { ifMatch: other }, 'failed'],
    ['If-Match on no tag', { ifMatch: [] }, 'failed'],
    ['If-None-Match: *', { ifNoneMatch: '*' }, 'not-modified'],
    ['If-None-Match on its tag', { ifNoneMatch: strong }, 'not-modified'],
    ['If-None-Match on its tag made weak', { ifNoneMatch: weak }, 'not-modified'],
    ['If-None-Match on another tag', { ifNoneMatch: other }, 'ok'],
    ['If-Modified-Since before', { ifModifiedSinceMs: BEFORE }, 'ok'],
    ['If-Modified-Since after', { ifModifiedSinceMs: AFTER }, 'not-modified'],
    ['If-Unmodified-Since before', { ifUnmodifiedSinceMs: BEFORE }, 'failed'],
    ['If-Unmodified-Since after', { ifUnmodifiedSinceMs: AFTER }, 'ok'],
    ['both families failing', { ifMatch: other, ifNoneMatch: strong }, 'failed'],
    ['a failing date beside a failing tag', { ifUnmodifiedSinceMs: BEFORE, ifNoneMatch: strong }, 'failed'],
    ['If-Match rescuing If-Unmodified-Since', { ifMatch: strong, ifUnmodifiedSinceMs: BEFORE }, 'ok'],
    ['If-None-Match rescuing If-Modified-Since', { ifNoneMatch: other, ifModifiedSinceMs: AFTER }, 'ok'],
    ['a passing date not rescuing If-Match', { ifMatch: other, ifUnmodifiedSinceMs: AFTER }, 'failed'],
    ['a passing date not rescuing If-None-Match', { ifNoneMatch: strong, ifModifiedSinceMs: BEFORE }, 'not-modified'],
    ['If-Match not rescuing If-Modified-Since', { ifMatch: strong, ifModifiedSinceMs: AFTER }, 'not-modified'],
  ])('%s', (_, conditions, verdict) => expect(evaluateConditions(conditions, object)).toBe(verdict))
})

describe('a further set of conditions', () => {
  test.each<[string, Conditions, Verdict]>([
    ['holds too', { ifMatch: strong, also: { ifMatch: '*' } }, 'ok'],
    ['fails behind one that holds', { ifMatch: strong, also: { ifMatch: other } }, 'failed'],
    ['does not rescue', { ifUnmodifiedSinceMs: BEFORE, also: { ifMatch: strong } }, 'failed'],
    ['is not rescued', { ifMatch: strong, also: { ifUnmodifiedSinceMs: BEFORE } }, 'failed'],
  ])('%s', (_, conditions, verdict) => expect(evaluateConditions(conditions, object)).toBe(verdict))
})

describe('on nothing', () => {
  test.each<[string, Conditions, Verdict]>([
    ['no condition', {}, 'ok'],
    ['If-Match: *', { ifMatch: '*' }, 'failed'],
    ['If-None-Match: *', { ifNoneMatch: '*' }, 'ok'],
    ['If-Modified-Since', { ifModifiedSinceMs: BEFORE }, 'not-modified'],
    ['If-Unmodified-Since', { ifUnmodifiedSinceMs: BEFORE }, 'ok'],
    ['If-Match and If-Modified-Since', { ifMatch: strong, ifModifiedSinceMs: BEFORE }, 'failed'],
    ['If-None-Match not rescuing If-Modified-Since', { ifNoneMatch: '*', ifModifiedSinceMs: BEFORE }, 'not-modified'],
  ])('%s', (_, conditions, verdict) => expect(evaluateConditions(conditions, null)).toBe(verdict))
})

describe('the grain of time', () => {
  test.each<[string, Conditions, Verdict]>([
    ['a header sees no milliseconds in If-Modified-Since', { ifModifiedSinceMs: SECOND, secondsGranularity: true }, 'not-modified'],
    ['a header with an earlier second sees a change', { ifModifiedSinceMs: SECOND - 1000, secondsGranularity: true }, 'ok'],
    ['the Last-Modified of the object passes as If-Unmodified-Since', { ifUnmodifiedSinceMs: SECOND, secondsGranularity: true }, 'ok'],
    [
      'a header with an earlier second fails If-Unmodified-Since',
      { ifUnmodifiedSinceMs: SECOND - 1000, secondsGranularity: true },
      'failed',
    ],
    ['the binding sees milliseconds', { ifModifiedSinceMs: SECOND }, 'ok'],
    ['the binding compares uploadedAfter strictly', { ifModifiedSinceMs: UPLOADED }, 'not-modified'],
    ['the binding compares uploadedBefore strictly', { ifUnmodifiedSinceMs: UPLOADED }, 'failed'],
  ])('%s', (_, conditions, verdict) => expect(evaluateConditions(conditions, object)).toBe(verdict))
})

test('an object stored in the very second is unmodified since to HTTP, and modified to the binding', () => {
  const conditions = { ifUnmodifiedSinceMs: 5_000, secondsGranularity: true }
  const object = { etag: 'e', uploadedMs: 5_400 }
  expect(evaluateConditions(conditions, object)).toBe('ok')
  expect(evaluateConditions({ ...conditions, strictlyBefore: true }, object)).toBe('failed')
})
