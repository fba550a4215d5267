import { describe, expect, test } from 'vitest'
import { type ApiToken, allows, isLive, type Permission, type PolicyLevel } from '../../src/auth/policies.ts'
import type { BucketRef } from '../../src/core/object.ts'

const ALL: readonly Permission[] = ['object:read', 'object:write', 'bucket:read', 'bucket:write', 'account:list']
const PHOTOS: BucketRef = { jurisdiction: 'default', name: 'photos' }
const token = (...policies: ApiToken['policies']): ApiToken => ({ id: '0'.repeat(32), name: 'test', policies })

describe('a token', () => {
  test.each<[PolicyLevel, Permission[]]>([
    ['admin-read-write', ['object:read', 'object:write', 'bucket:read', 'bucket:write', 'account:list']],
    ['admin-read', ['object:read', 'bucket:read', 'account:list']],
    ['object-read-write', ['object:read', 'object:write']],
    ['object-read', ['object:read']],
  ])('of level %s is allowed %j', (level, granted) => {
    expect(ALL.filter((needs) => allows(token({ level }), needs, PHOTOS))).toEqual(granted)
  })

  test('limited to a bucket is allowed nothing in others, nor in its namesake of another jurisdiction', () => {
    const limited = token({ level: 'object-read', buckets: [PHOTOS] })
    expect(allows(limited, 'object:read', PHOTOS)).toBe(true)
    expect(allows(limited, 'object:read', { ...PHOTOS, name: 'music' })).toBe(false)
    expect(allows(limited, 'object:read', { ...PHOTOS, jurisdiction: 'eu' })).toBe(false)
    expect(allows(limited, 'object:read')).toBe(false)
  })

  test('limited to no bucket, or without policies, is allowed nothing', () => {
    expect(allows(token({ level: 'object-read', buckets: [] }), 'object:read', PHOTOS)).toBe(false)
    expect(allows(token(), 'object:read', PHOTOS)).toBe(false)
  })

  test('is allowed what any of its policies allows', () => {
    const both = token({ level: 'object-read' }, { level: 'object-read-write', buckets: [PHOTOS] })
    expect(allows(both, 'object:write', PHOTOS)).toBe(true)
    expect(allows(both, 'object:write', { ...PHOTOS, name: 'music' })).toBe(false)
    expect(allows(both, 'object:read', { ...PHOTOS, name: 'music' })).toBe(true)
  })

  test('lives from its first moment to just before its last', () => {
    const mortal = { ...token(), notBeforeMs: 10, expiresMs: 20 }
    expect([9, 10, 19, 20].map((now) => isLive(mortal, now))).toEqual([false, true, true, false])
    expect(isLive(token(), 0)).toBe(true)
  })
})
