import { describe, expect, test } from 'vitest'
import { ROUTES } from '../../src/faces/s3/routes.ts'
import { REFUSED } from '../../src/faces/s3/screening.ts'
import { check, failure, handSigned, signed, withHeaders } from './fixtures.ts'

const refused = { status: 403, code: 'AccessDenied', message: 'There were headers present in the request which were not signed' }

declare global {
  interface ImportMeta {
    /** Vite's. */
    readonly glob: (patterns: readonly string[], options: object) => Readonly<Record<string, string>>
  }
}

/** The text of everything that reads a request after it is authenticated. */
const SOURCES = import.meta.glob(['../../src/faces/s3/**/*.ts', '../../src/http/*.ts'], { query: '?raw', import: 'default', eager: true })

/** Headers that the answers carry, and those that the edge writes. */
const NOT_READ = ['cf-is-truncated', 'cf-next-continuation-token', 'cf-connecting-ip', 'cf-ray']

/** Every name in quotes that looks like a header of S3's or R2's. */
function namesInSources(): string[] {
  const text = Object.values(SOURCES).join('\n')
  const found = [...text.matchAll(/['"`]((?:x-amz|cf)-[a-z0-9-]+)['"`]/g)].map(([, name]) => name!)
  return [...new Set(found)].filter((name) => !name.endsWith('-') && !NOT_READ.includes(name))
}

/** Covered by the signature in another way, or of the framing of a body that is not. */
const COVERED = ['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token', 'x-amz-decoded-content-length', 'x-amz-trailer']

describe('a header that nobody signed', () => {
  const names = [...new Set([...namesInSources(), ...Object.values(REFUSED).flat(), ...ROUTES.flatMap(({ header }) => header ?? [])])]
  const families = ['x-amz-copy-source-', 'cf-copy-destination-'].flatMap((family) => [`${family}if-match`, `${family}if-none-match`])

  test('is found here', () => {
    expect(names).toEqual(expect.arrayContaining(['x-amz-copy-source', 'cf-create-bucket-if-missing', 'x-amz-tagging', 'x-amz-acl']))
  })

  test.each([...names, ...families].filter((name) => !COVERED.includes(name)))(
    '%s is refused in both forms, unless strict',
    async (name) => {
      for (const request of [await signed(), await signed({ presign: true })]) {
        const more = withHeaders(request, { [name]: 'x' })
        expect(await failure(check(more))).toEqual(refused)
        if (name === 'x-amz-copy-source') expect(await failure(check(more, { strict: true }))).toEqual(refused)
        else await expect(check(more, { strict: true })).resolves.toBeDefined()
      }
    },
  )

  test.each(['x-amz-meta-a', 'x-amz-something-new', 'cf-create-bucket-if-missing'])('%s will do when it is signed', async (name) => {
    await expect(check(handSigned({ headers: { [name]: 'x' } }))).resolves.toBeDefined()
    await expect(check(await signed({ presign: true, headers: { [name]: 'x' } }))).resolves.toBeDefined()
  })

  test('may repeat a parameter of a presigned URL, which wins', async () => {
    const hoisted = await signed({ presign: true, url: 'https://store.example.com/photos/a?x-amz-meta-a=b' })
    await expect(check(withHeaders(hoisted, { 'x-amz-meta-a': 'c' }))).resolves.toMatchObject({ hoistedHeaders: [['x-amz-meta-a', 'b']] })
  })

  test.each([
    'cf-ray',
    'cf-connecting-ip',
    'x-amz-cf-id',
    'x-amz-user-agent',
    'x-amzn-trace-id',
    'content-type',
    'range',
    'x-forwarded-for',
  ])('%s is no matter', async (name) => {
    await expect(check(withHeaders(await signed(), { [name]: 'x' }))).resolves.toBeDefined()
    await expect(check(withHeaders(await signed({ presign: true }), { [name]: 'x' }))).resolves.toBeDefined()
  })

  test('is named', async () => {
    const more = withHeaders(await signed(), { 'x-amz-acl': 'private', 'x-amz-meta-b': 'c' })
    const error = await check(more).catch((thrown) => thrown)
    expect(error.detail.fields).toEqual({ HeadersNotSigned: 'x-amz-acl, x-amz-meta-b' })
  })
})
