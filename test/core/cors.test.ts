import { describe, expect, test } from 'vitest'
import { type CorsRule, checkCorsRules, matchCors } from '../../src/core/cors.ts'

const rule = (parts: Partial<CorsRule> = {}): CorsRule => ({
  allowedOrigins: ['https://a.example'],
  allowedMethods: ['GET'],
  allowedHeaders: [],
  exposeHeaders: [],
  ...parts,
})

describe('checkCorsRules', () => {
  test.each([
    '*',
    'https://a.example',
    'http://localhost:3000',
    'https://*.example.com',
    'https://*-app.example.com',
    'https://*',
    'capacitor://localhost',
    'http://[::1]:8080',
  ])('takes the origin %s', (origin) => expect(() => checkCorsRules([rule({ allowedOrigins: [origin] })])).not.toThrow())

  test.each([
    '',
    'a.example',
    '*.example.com',
    'https://a.example/',
    'https://a.example/path',
    'https://*.*.example',
    'http://localhost:*',
    'http://localhost:',
    'https://user@a.example',
    'https://a.example\n',
    'null',
  ])('refuses the origin %j', (origin) => {
    expect(() => checkCorsRules([rule({ allowedOrigins: [origin] })])).toThrow(expect.objectContaining({ code: 'MalformedXML' }))
  })

  test.each<[string, Partial<CorsRule>]>([
    ['no origin', { allowedOrigins: [] }],
    ['no method', { allowedMethods: [] }],
    ['OPTIONS', { allowedMethods: ['OPTIONS'] }],
    ['a method in lower case', { allowedMethods: ['get'] }],
    ['an empty allowed header', { allowedHeaders: [''] }],
    ['two wildcards in a header', { allowedHeaders: ['x-*-*'] }],
    ['an exposed header that is no name', { exposeHeaders: ['a\r\nb: c'] }],
    ['more than a day of caching', { maxAgeSeconds: 86_401 }],
    ['a negative age', { maxAgeSeconds: -1 }],
    ['a fraction of a second', { maxAgeSeconds: 1.5 }],
    ['an id of 256 characters', { id: 'i'.repeat(256) }],
  ])('refuses %s', (_, parts) => expect(() => checkCorsRules([rule(parts)])).toThrow('did not validate against our published schema'))

  test.each([0, 101])('refuses %d rules', (count) => expect(() => checkCorsRules(Array.from({ length: count }, () => rule()))).toThrow())

  test('takes 100 rules with everything in them', () => {
    const full = rule({
      id: 'i',
      allowedMethods: ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'],
      allowedHeaders: ['*', 'x-amz-*'],
      exposeHeaders: ['ETag'],
      maxAgeSeconds: 86_400,
    })
    expect(() => checkCorsRules(Array.from({ length: 100 }, () => full))).not.toThrow()
  })
})

describe('matchCors', () => {
  test.each([
    ['https://a.example', 'https://a.example', true],
    ['https://a.example', 'http://a.example', false],
    ['https://a.example', 'https://a.example:8443', false],
    ['https://a.example', 'https://A.example', false],
    ['https://*.example.com', 'https://a.b.example.com', true],
    ['https://*.example.com', 'https://example.com', false],
    ['https://*.example.com', 'https://a.example.com.evil', false],
    ['https://ab*ba.example', 'https://aba.example', false],
    ['*', 'null', true],
  ])('%s and the origin %s: %s', (pattern, origin, fits) => {
    expect(matchCors([rule({ allowedOrigins: [pattern] })], { origin, method: 'GET' }) !== undefined).toBe(fits)
  })

  test.each([
    [['*'], ['x-anything'], true],
    [['Content-Type'], ['content-type'], true],
    [['x-amz-*'], ['X-Amz-Meta-A', 'x-amz-date'], true],
    [['x-amz-*'], ['x-amz-date', 'authorization'], false],
    [[], ['content-type'], false],
    [[], [], true],
  ])('the allowed headers %j and the requested %j: %s', (allowedHeaders, requestHeaders, fits) => {
    const request = { origin: 'https://a.example', method: 'GET', requestHeaders }
    expect(matchCors([rule({ allowedHeaders })], request) !== undefined).toBe(fits)
  })

  test('the first rule that fits in origin, method and headers wins', () => {
    const rules = [
      rule({ id: 'method', allowedMethods: ['PUT'] }),
      rule({ id: 'origin', allowedOrigins: ['https://b.example'] }),
      rule({ id: 'first' }),
      rule({ id: 'second', allowedOrigins: ['*'] }),
    ]
    expect(matchCors(rules, { origin: 'https://a.example', method: 'GET' })?.rule.id).toBe('first')
    expect(matchCors(rules, { origin: 'https://c.example', method: 'GET' })?.rule.id).toBe('second')
    expect(matchCors(rules, { origin: 'https://c.example', method: 'DELETE' })).toBeUndefined()
  })

  test('a lone * allows everyone; any other entry allows the origin by name', () => {
    expect(matchCors([rule({ allowedOrigins: ['*'] })], { origin: 'https://a.example', method: 'GET' })?.allowOrigin).toBe('*')
    expect(matchCors([rule({ allowedOrigins: ['https://*'] })], { origin: 'https://a.example', method: 'GET' })?.allowOrigin).toBe(
      'https://a.example',
    )
  })

  test('many requested names against many allowed ones stay cheap', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `x-${i}`)
    const request = { origin: 'https://a.example', method: 'GET', requestHeaders: names }
    expect(matchCors([rule({ allowedHeaders: names })], request)).toBeDefined()
  })
})
