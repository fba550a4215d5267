import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { costlyTexts, quickestMs, repeated } from '../support/cost.ts'
import { holds, timeLimit } from '../support/fuzz.ts'
import { ROOT } from '../support/s3.ts'
import { worker } from './support.ts'

// Faults that a review found in all that is read before a request is authenticated.

/** Most of a usual answer takes a millisecond; the work of a hostile one took seconds to minutes. */
const MOST_MS = 400
const MOST_BYTES = 8192

/** `YYYYMMDDTHHMMSSZ`, now. */
const amzDate = () => `${new Date().toISOString().replace(/[-:]|\..*/g, '')}Z`
const credential = (date: string) => `${ROOT.accessKeyId}/${date.slice(0, 8)}/auto/s3/aws4_request`

/** Signed in its headers, wrongly, by somebody who has seen an access key id. */
function forged(signedHeaders: string, headers: Record<string, string> = {}, target = '/photos/a'): Request {
  const date = amzDate()
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential(date)}, SignedHeaders=${signedHeaders}, Signature=${'0'.repeat(64)}`
  const usual = { 'x-amz-date': date, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', authorization }
  return new Request(`http://localhost${target}`, { headers: { ...usual, ...headers } })
}

/** The same as a presigned URL. */
function forgedUrl(signedHeaders: string, headers: Record<string, string> = {}, more: Record<string, string> = {}): Request {
  const date = amzDate()
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': credential(date),
    'X-Amz-Date': date,
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': signedHeaders,
    'X-Amz-Signature': '0'.repeat(64),
    ...more,
  })
  return new Request(`http://localhost/photos/a?${query}`, { headers })
}

const restRequest = (bearer: string) =>
  new Request('http://localhost/client/v4/accounts', { headers: { authorization: `Bearer ${bearer}` } })

/** Sends what nobody signed, and checks that it is refused in little time with few bytes. */
async function refused(request: Request): Promise<{ status: number; text: string }> {
  let answer = { status: 0, text: '' }
  const ms = await quickestMs(async () => {
    const response = await worker.fetch(new Request(request))
    answer = { status: response.status, text: await response.text() }
  })
  const shape = `${request.method} ${request.url.slice(0, 200)} ${JSON.stringify([...request.headers]).slice(0, 300)}`
  expect(ms, shape).toBeLessThan(MOST_MS)
  expect(new TextEncoder().encode(answer.text).length, shape).toBeLessThanOrEqual(MOST_BYTES)
  expect(answer.status, shape).toBeGreaterThanOrEqual(400)
  expect(answer.status, shape).toBeLessThan(500)
  return answer
}

describe('1: a signed-header name that repeats', () => {
  const names = (count: number) => `host${';x'.repeat(count)}`

  test.each([2, 100, 7000])('%i times is refused before anything is computed, in a header and in a URL', async (count) => {
    const headers = { x: 'v'.repeat(7000) }
    for (const request of [forged(names(count), headers), forgedUrl(names(count), headers)]) {
      expect((await refused(request)).text).toContain('<Code>InvalidArgument</Code><Message>SignedHeaders names a header more than once')
    }
  })

  test('is found in any case', async () => {
    expect((await refused(forged('host;Range;rANGE'))).status).toBe(400)
  })
})

test('1: a mismatch shows little of a long request, in few bytes whatever it consists of', async () => {
  for (const text of ['v', '&', "'"]) {
    const { text: shown } = await refused(forged('host;x', { x: repeated(text, 100_000) }))
    expect(shown).toContain('<Code>SignatureDoesNotMatch</Code>')
    expect(shown).toContain('<CanonicalRequest>GET\n/photos/a\n\nhost:localhost\nx:')
    expect(shown).not.toContain('CanonicalRequestBytes')
  }
  await refused(forgedUrl('host', {}, { q: repeated('(é', 30_000) }))
})

/** What the parsers of signatures look for. */
const PIECES = [
  ';',
  ',',
  '=',
  '/',
  ' ',
  '.',
  '%',
  '&',
  '+',
  'host;',
  'x;',
  'X-Amz-Date=',
  'Credential=',
  'SignedHeaders=',
  'Bearer ',
  'a=1&',
]

test(
  '1: any request that nobody signed is refused in a time that its length allows, with 8 KiB at most',
  async () => {
    const places = {
      authorization: (text: string) => forged('host', { authorization: text }),
      'authorization of SigV4': (text: string) => forged('host', { authorization: `AWS4-HMAC-SHA256 ${text}` }),
      'signed names': (text: string) => forged(text, { x: repeated('v', 4096) }),
      'x-amz-date': (text: string) => forged('host;x-amz-date', { 'x-amz-date': text }),
      'x-amz-content-sha256': (text: string) => forged('host;x-amz-content-sha256', { 'x-amz-content-sha256': text }),
      'a signed header': (text: string) => forged('host;x', { x: text }),
      'accept-encoding': (text: string) => forged('host;accept-encoding', { 'accept-encoding': text }),
      'x-amz-security-token': (text: string) => forged('host', { 'x-amz-security-token': text }),
      'the session token of a URL': (text: string) => forgedUrl('host', {}, { 'X-Amz-Security-Token': text }),
      'X-Amz-Credential': (text: string) => forgedUrl('host', {}, { 'X-Amz-Credential': text }),
      'X-Amz-Date': (text: string) => forgedUrl('host', {}, { 'X-Amz-Date': text }),
      'X-Amz-Expires': (text: string) => forgedUrl('host', {}, { 'X-Amz-Expires': text }),
      'X-Amz-Signature': (text: string) => forgedUrl('host', {}, { 'X-Amz-Signature': text }),
      'names in a URL': (text: string) => forgedUrl(text, { x: repeated('v', 4096) }),
      'a value in a URL': (text: string) => forgedUrl('host', {}, { q: text }),
      'a bearer': (text: string) => restRequest(text),
      'a session token as a bearer': (text: string) => restRequest(Buffer.from(`jwt/e30.${text}`).toString('base64')),
      'the path': (text: string) => forged('host', {}, `/photos/${encodeURI(text)}`),
    }
    const property = fc.asyncProperty(
      fc.constantFrom(...(Object.keys(places) as (keyof typeof places)[])),
      costlyTexts(PIECES, 64 * 1024),
      async (place, { text }) => {
        await refused(places[place](text))
      },
    )
    await holds(property, 80)
  },
  timeLimit(60_000),
)
