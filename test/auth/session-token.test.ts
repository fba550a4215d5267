import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { claimedParent, mintSession, openSession, type SessionClaims } from '../../src/auth/session-token.ts'
import { timeLimit } from '../support/fuzz.ts'

const NOW = Date.UTC(2026, 5, 12)
const SECONDS = NOW / 1000
const PARENT = { secretAccessKey: 'a'.repeat(64), token: { id: '1'.repeat(32), name: 'parent', policies: [] } }
const ACCOUNT = '2'.repeat(32)
const CLAIMS: SessionClaims = {
  sub: ACCOUNT,
  iss: PARENT.token.id,
  iat: SECONDS,
  exp: SECONDS + 60,
  bucket: 'photos',
  scope: 'object-read-only',
}

const open = (sessionToken: string, now = NOW, parent = PARENT) => openSession(sessionToken, parent, { accountId: ACCOUNT, now })
const minted = (claims: object = {}, secret = PARENT.secretAccessKey) => mintSession({ ...CLAIMS, ...claims } as SessionClaims, secret)

describe('a session token', () => {
  test('opens with the secret of its parent, and gives the secret that it was minted with', () => {
    const { sessionToken, secretAccessKey, accessKeyId } = minted()
    expect(accessKeyId).toBe(PARENT.token.id)
    expect(claimedParent(sessionToken)).toBe(PARENT.token.id)
    expect(open(sessionToken)).toEqual({
      secretAccessKey,
      scope: { bucket: { jurisdiction: 'default', name: 'photos' }, level: 'object-read', actions: undefined },
    })
  })

  test('is over to the second', () => {
    const { sessionToken } = minted()
    expect(open(sessionToken, NOW + 59_999)?.scope).toBeDefined()
    expect(open(sessionToken, NOW + 60_000)?.scope).toBeUndefined()
  })

  test.each([
    ['of another account', minted({ sub: '3'.repeat(32) })],
    ['of another parent', minted({ iss: '3'.repeat(32) })],
    ['longer than a week', minted({ exp: SECONDS + 604_801 })],
    ['issued in the future', minted({ iat: SECONDS + 901, exp: SECONDS + 3600 })],
    ['without an end', minted({ exp: undefined })],
    ['without a bucket', minted({ bucket: undefined })],
    ['of an inherited scope', minted({ scope: 'constructor' })],
    ['whose actions are a text', minted({ actions: 'GetObject' })],
    ['whose paths are null', minted({ paths: null })],
  ])('%s is for nothing', (_, { sessionToken, secretAccessKey }) => {
    expect(open(sessionToken)).toEqual({ secretAccessKey, scope: undefined })
  })

  test('may be issued by a clock that is 15 minutes ahead', () => {
    expect(open(minted({ iat: SECONDS + 900, exp: SECONDS + 3600 }).sessionToken)?.scope).toBeDefined()
  })

  test('of another secret does not open', () => {
    expect(open(minted({}, 'b'.repeat(64)).sessionToken)).toBeNull()
  })

  test.each([
    [{ aud: 'account.eu.example.com' }, 'eu'],
    [{ aud: 'https://fedramp.example.com/' }, 'fedramp'],
    [{ aud: 'account.example.com' }, 'default'],
    [{ aud: `https://${'a'.repeat(32)}.us.example.com` }, 'us'],
    [{ aud: 'https://fedramp-high.localhost:8787' }, 'fedramp-high'],
    [{ aud: 'https://s3.us.example.com' }, 'default'], // Part of the endpoint's own name.
    [{ aud: 'eu.example.com', jurisdiction: 'default' }, 'default'],
  ])('with %j is for a bucket in %s', (claims, jurisdiction) => {
    expect(open(minted(claims).sessionToken)?.scope?.bucket.jurisdiction).toBe(jurisdiction)
  })

  test.each([
    [{}, undefined],
    [{ paths: {} }, undefined],
    [{ paths: { prefixPaths: ['a/'] } }, { prefixes: ['a/'], objects: [] }],
    [{ paths: { prefixPaths: [], objectPaths: [] } }, { prefixes: [], objects: [] }],
  ])('with %j is limited to %j', (claims, paths) => {
    expect(open(minted(claims).sessionToken)?.scope?.paths).toEqual(paths)
  })

  test(
    'with any other byte does not open, nor does any other text',
    () => {
      const { sessionToken } = minted()
      const bytes = Buffer.from(sessionToken, 'base64')
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
          const altered = Buffer.from(bytes)
          altered[at] = altered[at]! ^ mask
          expect(open(altered.toString('base64'))).toBeNull()
        }),
      )
      fc.assert(
        fc.property(
          fc.string({ unit: 'binary' }),
          (text) => open(text) === null && open(Buffer.from(`jwt/${text}`).toString('base64')) === null,
        ),
      )
    },
    timeLimit(30_000),
  )
})
