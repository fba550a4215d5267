import { describe, expect, test } from 'vitest'
import { acceptsTls, isHostName, isManagedId, isOwnHost, isReservedHost, managedIdOf } from '../../src/core/domain.ts'

const ID = '0123456789abcdef0123456789abcdef'

describe('the name of a custom domain', () => {
  test.each(['f.example.com', 'example.com', 'a-b.c-d.example', 'xn--bcher-kva.example', `${'a'.repeat(63)}.example`, '1.example'])(
    '%s is one',
    (name) => expect(isHostName(name)).toBe(true),
  )

  test.each([
    '',
    'localhost',
    'F.example.com',
    'bücher.example',
    'a_b.example',
    '*.example.com',
    '-a.example',
    'a-.example',
    'a..example',
    '.example',
    'example.com.',
    'example.com:8443',
    'https://example.com',
    'example.com/path',
    'user@example.com',
    '192.0.2.1',
    '[::1]',
    'a.example\n',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(125)}example`,
    ID,
  ])('%j is none', (name) => expect(isHostName(name)).toBe(false))
})

describe('a host of the deployment itself', () => {
  const OWN = { s3Host: 's3.example.com', hosts: ['api.example.com', 'example.net'] }
  const ASKED = 'asked.example.org'

  test.each([
    'localhost',
    'photos.localhost',
    '127.0.0.1',
    '[::1]',
    'cairn.me.workers.dev',
    's3.example.com',
    'photos.s3.example.com',
    'api.example.com',
    'example.net',
  ])('%s is one', (host) => {
    expect([isOwnHost(host, OWN), isReservedHost(host, OWN, ASKED)]).toEqual([true, true])
  })

  test.each(['files.example.net', 'a.b.api.example.com', ASKED, `files.${ASKED}`])(
    '%s is none, and nobody can attach it: a page there could set cookies for the API',
    (host) => expect([isOwnHost(host, OWN), isReservedHost(host, OWN, `${ASKED}.`)]).toEqual([false, true]),
  )

  test.each([
    'example.com',
    'files.example.com',
    'mys3.example.com',
    'myapi.example.com',
    'workers.dev.evil.example',
    'notlocalhost',
    'example.org',
  ])('%s is none', (host) => expect([isOwnHost(host, OWN), isReservedHost(host, OWN, ASKED)]).toEqual([false, false]))
})

describe('the host of a managed URL', () => {
  test.each([
    [`pub-${ID}.localhost`, ID],
    [`pub-${ID}.s3.example.com`, ID],
    [`pub-${ID}.eu.s3.example.com`, undefined],
    [`pub-${ID}.example.com`, undefined],
    [`pub-${ID.slice(1)}.localhost`, undefined],
    [`xpub-${ID}.localhost`, undefined],
    ['pub-photos.localhost', undefined],
  ])('%s names %s', (host, id) => expect(managedIdOf(host, 's3.example.com')).toBe(id))

  test('an id is 32 hex digits', () => expect([ID, ID.toUpperCase(), `${ID}0`, ''].map(isManagedId)).toEqual([true, false, false, false]))
})

describe('the demands on a connection', () => {
  const settings = { enabled: true }

  test.each([
    ['1.0', 'TLSv1', true],
    ['1.1', 'TLSv1', false],
    ['1.1', 'TLSv1.1', true],
    ['1.2', 'TLSv1.1', false],
    ['1.2', 'TLSv1.2', true],
    ['1.2', 'TLSv1.3', true],
    ['1.3', 'TLSv1.2', false],
    ['1.2', undefined, false],
    ['1.0', undefined, true],
  ] as const)('%s at least, and %s: %s', (minTls, tlsVersion, accepted) => {
    expect(acceptsTls({ ...settings, minTls }, { tlsVersion })).toBe(accepted)
  })

  test.each([
    ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256', true],
    ['TLSv1.2', 'AES128-SHA', false],
    ['TLSv1.3', 'AEAD-AES128-GCM-SHA256', true],
    [undefined, undefined, false],
  ])('one cipher, and %s with %s: %s', (tlsVersion, tlsCipher, accepted) => {
    expect(acceptsTls({ ...settings, ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'] }, { tlsVersion, tlsCipher })).toBe(accepted)
  })
})
