import { describe, expect, test } from 'vitest'
import type { ApiToken } from '../../../src/auth/policies.ts'
import type { Control } from '../../../src/control/control.ts'
import { checkTargetToken } from '../../../src/faces/rest/target-token.ts'

const SECRET = 's'.repeat(64)
const bucket = { jurisdiction: 'default', name: 'photos' } as const

const token = (changes: Partial<ApiToken> = {}): ApiToken => ({
  id: 'a'.repeat(32),
  name: 'copies',
  policies: [{ level: 'object-read-write', buckets: [bucket] }],
  ...changes,
})

async function isRefused(found: ApiToken | null, { name = 'photos', secretAccessKey = SECRET, ip = '192.0.2.1' } = {}): Promise<boolean> {
  const control = { findToken: async () => found && { secretAccessKey: SECRET, token: found } } as unknown as Control
  const request = new Request('https://cairn.example/', { headers: { 'cf-connecting-ip': ip }, cf: {} } as RequestInit)
  const target = { called: 'target', bucket: { ...bucket, name }, accessKeyId: 'a'.repeat(32), secretAccessKey } as const
  try {
    await checkTargetToken({ control, request, nowMs: 1000 }, target)
    return false
  } catch (error) {
    expect(error).toMatchObject({ code: 'InvalidUpstreamCredentials' })
    expect((error as Error).message).not.toContain(SECRET)
    return true
  }
}

describe('the token of the bucket that is copied into', () => {
  test('may read and write its objects', async () => {
    expect(await isRefused(token())).toBe(false)
    expect(await isRefused(token({ root: true, policies: [] }))).toBe(false)
  })

  test.each([
    ['of another bucket', token(), { name: 'other' }],
    ['that only reads', token({ policies: [{ level: 'object-read' }] }), {}],
    ['that manages tokens alone', token({ policies: [{ level: 'tokens-read-write' }] }), {}],
    [
      'with a denial',
      token({ policies: [{ level: 'admin-read-write' }, { level: 'object-read', buckets: [bucket], effect: 'deny' }] }),
      {},
    ],
    ['that has ended', token({ expiresMs: 1000 }), {}],
    ['with a wrong secret', token(), { secretAccessKey: 't'.repeat(64) }],
    ['that nobody knows', null, {}],
    ['that is for other addresses', token({ addresses: { in: ['198.51.100.0/24'] } }), {}],
  ])('is none %s', async (_, found, asked) => expect(await isRefused(found, asked)).toBe(true))

  test('is used from an address that it allows', async () => {
    expect(await isRefused(token({ addresses: { in: ['198.51.100.0/24'] } }), { ip: '198.51.100.7' })).toBe(false)
  })
})
