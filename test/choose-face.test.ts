import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { chooseByPath, chooseFace, pathOfBrokenUrl } from '../src/choose-face.ts'
import { holds, timeLimit } from './support/fuzz.ts'

const ID = 'a'.repeat(32)
const OWN = { s3Host: 's3.example', hosts: ['api.example'] }

/** Where `custom.example` is a custom domain, and `s3.example` is the host of the S3 face. */
async function choose(url: string) {
  const isCustomDomain = vi.fn(async (host: string) => host === 'custom.example')
  const choice = await chooseFace(new URL(url), OWN, isCustomDomain)
  return { choice, asked: isCustomDomain.mock.calls.flat() }
}

const onHost = (host: string, encodedKey: string) => ({ face: 'public', target: { host, encodedKey, onOwnHost: false } })

describe('on a host of the deployment the path chooses', () => {
  test.each([
    ['/', 's3'],
    ['/bucket/key', 's3'],
    ['/client', 's3'],
    ['/client/v4', 'rest'],
    ['/client/v4/', 'rest'],
    ['/client/v4/accounts/x/r2/buckets', 'rest'],
    ['/client/v40/accounts', 's3'],
    ['//client/v4/x', 's3'],
    ['/Client/v4/x', 's3'],
    ['/%63lient/v4/x', 's3'],
    ['/_cairn', 'admin'],
    ['/_cairn/fsck', 'admin'],
    ['/_cairnx/fsck', 's3'],
    ['/_health', 'health'],
    ['/_health/x', 's3'],
    ['/_healthx', 's3'],
    ['/_publicx/a', 's3'],
  ])('%s: %s', async (path, face) => {
    for (const host of ['localhost:8787', '127.0.0.1', '[::1]', 's3.example', 'S3.Example.', 'api.example', 'cairn.me.workers.dev']) {
      expect((await choose(`http://${host}${path}?client/v4=/_cairn/&a=1`)).choice).toEqual({ face })
    }
  })

  test.each([
    [`/_public/${ID}/a/b%2Fc`, ID, 'a/b%2Fc'],
    [`/_public/${ID}`, ID, ''],
    ['/_public', '', ''],
    ['/_public/x/a', '', 'a'],
    [`/_public/${ID.toUpperCase()}/a`, '', 'a'],
  ])('%s is of a public bucket', async (path, host, encodedKey) => {
    const { choice } = await choose(`http://localhost${path}`)
    expect(choice).toEqual({ face: 'public', target: { host, encodedKey, onOwnHost: true } })
  })
})

describe('on the host of a bucket every path is a key', () => {
  const PATHS = ['/client/v4/user', '/_cairn/fsck', `/_public/${ID}/a`, '/a']

  test('in S3', async () => {
    for (const path of PATHS) {
      for (const host of ['photos.s3.example', 'photos.localhost', 'photos.eu.localhost']) {
        expect(await choose(`http://${host}${path}`)).toEqual({ choice: { face: 's3' }, asked: [] })
      }
    }
  })

  test('of a public bucket', async () => {
    for (const path of PATHS) {
      const key = path.slice(1)
      expect(await choose(`http://pub-${ID}.localhost${path}`)).toEqual({ choice: onHost(ID, key), asked: [] })
      expect(await choose(`http://pub-${ID}.s3.example.${path}`)).toEqual({ choice: onHost(ID, key), asked: [] })
      expect(await choose(`https://custom.example${path}`)).toEqual({ choice: onHost('custom.example', key), asked: ['custom.example'] })
      expect((await choose(`https://Custom.Example.:8443${path}`)).choice).toEqual(onHost('custom.example', key))
    }
  })
})

test('a host that is nobody’s leads to the faces that ask who calls', async () => {
  expect(await choose('http://other.example/client/v4/user')).toEqual({ choice: { face: 'rest' }, asked: ['other.example'] })
  expect((await choose('http://other.example/a/b')).choice).toEqual({ face: 's3' })
})

test('a failure to look a host up is the caller’s', async () => {
  const isCustomDomain = async () => Promise.reject(new Error('down'))
  await expect(chooseFace(new URL('http://x.example/'), OWN, isCustomDomain)).rejects.toThrow('down')
})

test.each([
  ['http://photos.127.0.0.1/client/v4/user?x=/y', '/client/v4/user'],
  ['http://a b/_cairn/x', '/_cairn/x'],
  ['http://x:99999', '/'],
  ['http://x:99999?a=/b', '/'],
  ['https://a%20b/c#d', '/c'],
  ['', '/'],
  ['/client/v4', '/'],
])('the path of %s is %s', (url, path) => expect(pathOfBrokenUrl(url)).toBe(path))

test(
  'any path has a face',
  async () => {
    const segment = fc.oneof(fc.constantFrom('', 'client', 'v4', '_cairn', '_public', ID, '%2F', '..'), fc.string({ maxLength: 8 }))
    const property = fc.asyncProperty(fc.array(segment, { maxLength: 6 }), async (segments) => {
      const url = `http://localhost/${segments.map((text) => encodeURI(text.toWellFormed())).join('/')}`
      const { pathname } = new URL(url)
      const { choice } = await choose(url)
      const isRest = /^\/client\/v4(\/|$)/.test(pathname)
      expect(choice.face === 'rest', pathname).toBe(isRest)
      expect(await chooseByPath(pathname)).toEqual(choice)
    })
    await holds(property, 200)
  },
  timeLimit(30_000),
)
