import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkJsonType, guardOrigin, isInert, SANDBOX } from '../../src/http/origin-guard.ts'
import { holds } from '../support/fuzz.ts'

const guarded = (contentType: string): [string | null, string | null] => {
  const headers = new Headers({ 'Content-Type': contentType })
  guardOrigin(headers)
  return [headers.get('x-content-type-options'), headers.get('content-security-policy')]
}

describe('the origin of the API', () => {
  test.each([
    'text/html',
    'TEXT/HTML; charset=utf-8',
    'application/xhtml+xml',
    'application/xml',
    'text/xml',
    'application/rss+xml',
    'image/svg+xml',
    'Image/SVG+XML;charset=utf-8',
    'image/xml',
    'video/any+xml',
    'text/javascript',
    'multipart/x-mixed-replace; boundary=x',
    'image/png, text/html',
    'image/png;x=", text/html',
    'nonsense',
    '*/*',
    'unknown/unknown',
    ' ',
  ])('is guarded against %j by a sandbox', (contentType) => expect(guarded(contentType)).toEqual(['nosniff', SANDBOX]))

  test.each([
    'image/png',
    'image/avif',
    'IMAGE/JPEG ; q=1',
    'audio/mpeg',
    'video/mp4; codecs="avc1.42E01E"',
    'font/woff2',
    'text/plain; charset=utf-8',
    'application/json',
    'application/pdf',
    'application/octet-stream',
  ])('has nothing to fear of %j, which stays as it was', (contentType) => expect(guarded(contentType)).toEqual(['nosniff', null]))

  test('is never trusted to a type that a browser may read as another', () =>
    holds(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.constantFrom(
              'image/png',
              'text/plain',
              'text/html',
              'image/svg+xml',
              'text/xml',
              ',',
              ';',
              ' ',
              '\t',
              '"',
              'x=',
              '/',
              '+xml',
            ),
            fc.string({ maxLength: 3 }),
          ),
          { maxLength: 6 },
        ),
        async (pieces) => {
          const text = pieces.join('')
          if (isInert(text)) expect([text, typesIn(text)]).toEqual([text, [expect.not.stringMatching(/html|xml$/)]])
        },
      ),
      2000,
    ))
})

/** The media types that a header may be read as: of a list behind commas any, without parameters. */
const typesIn = (text: string): string[] => text.split(',').map((part) => part.split(';')[0]!.trim().toLowerCase())

describe('a JSON body', () => {
  const refused = (headers: Record<string, string>) => {
    try {
      checkJsonType(new Headers(headers))
      return false
    } catch (error) {
      expect(error).toMatchObject({ code: 'InvalidRequest', status: 415 })
      return true
    }
  }
  const BROWSERS: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-origin' },
  ]

  test.each(BROWSERS)('of a browser (%j) is sent as application/json, which no other site can do without asking', (headers) => {
    for (const type of [
      'text/plain',
      'text/plain;charset=UTF-8',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      'text/plain; application/json',
    ])
      expect([type, refused({ ...headers, 'content-type': type })]).toEqual([type, true])
    for (const type of ['application/json', 'Application/JSON; charset=utf-8'])
      expect(refused({ ...headers, 'content-type': type })).toBe(false)
  })

  test('of any other client may be called anything, as wrangler and the SDKs do', () => {
    for (const type of ['text/plain;charset=UTF-8', 'application/json'])
      expect(refused({ 'content-type': type, 'sec-fetch-mode': 'cors' })).toBe(false)
    expect(refused({})).toBe(false)
  })
})
