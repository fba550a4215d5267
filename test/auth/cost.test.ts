import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAmzDate } from '../../src/auth/amz-date.ts'
import { readBearer } from '../../src/auth/bearer.ts'
import { canonicalHash, canonicalPaths, canonicalQuery } from '../../src/auth/canonical-request.ts'
import { parseCredential } from '../../src/auth/credential.ts'
import { hoistedHeaders } from '../../src/auth/hoisted-headers.ts'
import { openSession } from '../../src/auth/session-token.ts'
import { readSignedHeaders } from '../../src/auth/signed-headers.ts'
import { parseSignedRequest } from '../../src/auth/signed-request.ts'
import { costlyTexts, quickestMs } from '../support/cost.ts'
import { budget, timeLimit } from '../support/fuzz.ts'
import { AMZ_DATE, KNOWN, NOW } from './fixtures.ts'

// Each parser on a quarter of a mebibyte: linear work takes some ten milliseconds, ten times that on a busy machine; quadratic work takes many seconds.

const MOST_MS = 2000
const READING = { now: NOW, strict: false }

const url = (query: string) => new URL(`http://localhost/a?${query}`)
const session = (text: string) => Buffer.from(`jwt/${text}`).toString('base64')
const canonical = (value: string) =>
  canonicalHash({ method: 'GET', path: '/', query: '', signedHeaders: ['x'], values: [value], payloadHash: '' })

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  'the Authorization header': (text) => {
    const headers = { authorization: `AWS4-HMAC-SHA256 ${text}`, 'x-amz-date': AMZ_DATE, 'x-amz-content-sha256': 'x' }
    return parseSignedRequest(new Headers(headers), url(''), READING)
  },
  'a presigned query': (text) => parseSignedRequest(new Headers(), url(`X-Amz-Credential=${encodeURIComponent(text)}&${text}`), READING),
  'a credential': (text) => parseCredential(text, AMZ_DATE),
  'signed header names': readSignedHeaders,
  'a date': parseAmzDate,
  'a bearer': (text) => readBearer(new Headers({ authorization: `Bearer ${text}` })),
  'the header of a session token': (text) => openSession(session(`${Buffer.from(text).toString('base64url')}.e.s`), KNOWN, { now: NOW }),
  'a session token': (text) => openSession(session(text), KNOWN, { now: NOW }),
  'a canonical query': (text) => canonicalQuery(`?${text}`, true),
  'a canonical path': (text) => canonicalPaths(`/${text}`, false),
  'a canonical value': canonical,
  'hoisted headers': (text) => hoistedHeaders(url(text)),
}

const PIECES = [
  ...[';', ',', '=', '/', ' ', '  ', '.', '%', '&', '+', '(', '[', '{"', '"', '\\', 'é'],
  ...['host;', 'Credential=', 'SignedHeaders=', 'X-Amz-Date=1&', 'x-amz-meta-a=1&', 'Bearer ', 'e30.', '20260612/', '%41', '%ff'],
]

test.each(Object.keys(parsers))(
  'reading %s takes a time that its length allows',
  async (name) => {
    const parse = parsers[name]!
    const quietly = (text: string) => {
      try {
        parse(text)
      } catch {
        // A refusal is an answer, too.
      }
    }
    const property = fc.asyncProperty(costlyTexts(PIECES), async ({ text }) => {
      expect(await quickestMs(() => quietly(text))).toBeLessThan(MOST_MS)
    })
    await fc.assert(property, budget(12))
  },
  timeLimit(60_000),
)
