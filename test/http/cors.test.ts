import { describe, expect, test } from 'vitest'
import type { CorsRule } from '../../src/core/cors.ts'
import { corsHeaders, preflightHeaders } from '../../src/http/cors.ts'

const rule: CorsRule = {
  allowedOrigins: ['https://a.example'],
  allowedMethods: ['GET', 'PUT'],
  allowedHeaders: ['content-type', 'x-amz-*'],
  exposeHeaders: [],
}
const full: CorsRule = { ...rule, exposeHeaders: ['ETag', 'x-amz-meta-a'], maxAgeSeconds: 0 }
const open: CorsRule = { ...rule, allowedOrigins: ['*'] }
const origin = 'https://a.example'

describe('an actual answer', () => {
  test('without Origin has no CORS headers', () => expect(corsHeaders([open], 'GET', new Headers())).toEqual([]))

  test.each([
    ['no rule', [], 'GET', origin],
    ['another origin', [rule], 'GET', 'https://b.example'],
    ['another method', [rule], 'DELETE', origin],
  ])('has no CORS headers for %s', (_, rules, method, from) =>
    expect(corsHeaders(rules, method, new Headers({ origin: from }))).toEqual([]),
  )

  test('names the origin', () => {
    expect(corsHeaders([rule], 'GET', new Headers({ origin }))).toEqual([
      ['Access-Control-Allow-Origin', origin],
      ['Vary', 'Origin'],
    ])
  })

  test('says * where a lone * allowed it', () => {
    expect(corsHeaders([open], 'GET', new Headers({ origin }))[0]).toEqual(['Access-Control-Allow-Origin', '*'])
  })

  test('exposes what the rule exposes', () => {
    expect(corsHeaders([full], 'GET', new Headers({ origin }))).toContainEqual(['Access-Control-Expose-Headers', 'ETag, x-amz-meta-a'])
  })
})

test('nobody is allowed to send credentials: R2 has no rule that could say so', () => {
  const preflight = new Headers({ origin, 'access-control-request-method': 'GET' })
  const names = [...corsHeaders([full, open], 'GET', preflight), ...preflightHeaders([full, open], preflight)].map(([name]) =>
    name.toLowerCase(),
  )
  expect(names).not.toContain('access-control-allow-credentials')
})

describe('a preflight', () => {
  const preflight = (headers: Record<string, string> = {}) => new Headers({ origin, 'access-control-request-method': 'PUT', ...headers })

  test('is answered with the rule and the requested names', () => {
    expect(preflightHeaders([full], preflight({ 'access-control-request-headers': 'Content-Type,x-amz-date' }))).toEqual([
      ['Access-Control-Allow-Origin', origin],
      ['Access-Control-Allow-Methods', 'GET, PUT'],
      ['Access-Control-Allow-Headers', 'Content-Type, x-amz-date'],
      ['Access-Control-Expose-Headers', 'ETag, x-amz-meta-a'],
      ['Access-Control-Max-Age', '0'],
      ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
    ])
  })

  test('without requested names and extras says the least', () => {
    expect(preflightHeaders([open], preflight()).map(([name]) => name)).toEqual([
      'Access-Control-Allow-Origin',
      'Access-Control-Allow-Methods',
      'Vary',
    ])
  })

  test.each([
    ['the bucket has no rules', [], preflight()],
    ['the origin fits none', [rule], preflight({ origin: 'https://b.example' })],
    ['the method fits none', [rule], preflight({ 'access-control-request-method': 'DELETE' })],
    ['a header fits none', [rule], preflight({ 'access-control-request-headers': 'content-type, authorization' })],
  ])('is refused when %s', (_, rules, headers) => {
    expect(() => preflightHeaders(rules, headers)).toThrow(
      expect.objectContaining({ code: 'Unauthorized', status: 403, message: 'CORS not configured for this bucket' }),
    )
  })

  test('needs a method', () => {
    expect(() => preflightHeaders([open], new Headers({ origin }))).toThrow(
      expect.objectContaining({ code: 'BadRequest', status: 400, message: 'Invalid Access-Control-Request-Method: null' }),
    )
  })

  test('needs an origin', () => {
    expect(() => preflightHeaders([open], new Headers({ 'access-control-request-method': 'GET' }))).toThrow(
      expect.objectContaining({ code: 'BadRequest', status: 400 }),
    )
  })
})
