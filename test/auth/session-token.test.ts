import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mintSession, openSession, type SessionClaims } from '../../src/auth/session-token.ts'
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
const minted = (claims: object = {}, secret = PARENT.secretAccessKey) =>
  mintSession({ ...CLAIMS, ...claims } as SessionClaims, secret).credentials

/** A token as a client signs it, without asking anybody. */
function signed(header: object, claims: object = {}): { jwt: string; sessionToken: string } {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part(header)}.${part({ ...CLAIMS, ...claims })}`
  const jwt = `${text}.${createHmac('sha256', PARENT.secretAccessKey).update(text).digest('base64url')}`
  return { jwt, sessionToken: Buffer.from(`jwt/${jwt}`).toString('base64') }
}

describe('a session token', () => {
  test('opens with the secret of its parent, and gives the secret that it was minted with', () => {
    const { sessionToken, secretAccessKey, accessKeyId } = minted()
    expect(accessKeyId).toBe(PARENT.token.id)
    expect(open(sessionToken)).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
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
    ['whose paths are a list', minted({ paths: ['in/'] })],
    ['whose paths are an empty list', minted({ paths: [] })],
    ['whose paths have a member that is not known', minted({ paths: { prefixPaths: ['in/'], prefixes: ['in/a/'] } })],
    ['whose paths are misspelt', minted({ paths: { prefixpaths: ['in/'] } })],
    ['that has not begun', minted({ nbf: SECONDS + 1 })],
    ['that begins at no time', minted({ nbf: 'tomorrow' })],
  ])('%s is for nothing', (_, { sessionToken, secretAccessKey }) => {
    const opened = open(sessionToken)
    expect({ ...opened, scope: opened?.scope }).toEqual({ id: expect.any(String), secretAccessKey, scope: undefined })
  })

  test('that is made here has a secret that does not follow from it', () => {
    const { sessionToken, secretAccessKey } = minted()
    const jwt = Buffer.from(sessionToken, 'base64').toString().slice('jwt/'.length)
    const digests = [jwt, sessionToken, `jwt/${jwt}`].map((text) => createHash('sha256').update(text).digest('hex'))
    expect(digests).not.toContain(secretAccessKey)
    expect(digests.map((text) => text.slice(0, 32))).not.toContain(open(sessionToken)?.id)
  })

  test('without that member of the header, as R2 documents it and earlier versions made it, has the digest of its JWT as its secret', () => {
    const { jwt, sessionToken } = signed({ alg: 'HS256', typ: 'JWT' })
    expect(open(sessionToken)).toMatchObject({
      secretAccessKey: createHash('sha256').update(jwt).digest('hex'),
      scope: { level: 'object-read' },
    })
  })

  test.each([
    { alg: 'HS256', 'secret-by': 'anybody' },
    { alg: 'HS256', 'secret-by': null },
    { alg: 'HS256', crit: ['b64'] },
    { alg: 'HS512' },
    { alg: 'none' },
    {},
  ])('of the header %j does not open', (header) => {
    expect(open(signed(header).sessionToken)).toBeNull()
  })

  test('has an id of its own, whatever it claims', () => {
    const ids = [signed({ alg: 'HS256' }), signed({ alg: 'HS256' }, { jti: 'x' }), signed({ alg: 'HS256', typ: 'JWT' })].map(
      ({ sessionToken }) => open(sessionToken)?.id,
    )
    expect(new Set(ids).size).toBe(3)
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
