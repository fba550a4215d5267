import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ApiToken, allows, isForAccount, mayGrant, type Permission, type Policy } from '../../src/auth/policies.ts'
import { permits, type SessionScope } from '../../src/auth/session-scope.ts'
import { type BucketRef, JURISDICTIONS } from '../../src/core/object.ts'

const PERMISSIONS: readonly Permission[] = [
  'object:read',
  'object:write',
  'bucket:read',
  'bucket:write',
  'account:list',
  'account:write',
  'audit:read',
  'token:read',
  'token:write',
]
const LEVELS: readonly Policy['level'][] = [
  'admin-read-write',
  'admin-read',
  'object-read-write',
  'object-read',
  'tokens-read-write',
  'tokens-read',
]
const BUCKETS: readonly BucketRef[] = JURISDICTIONS.flatMap((jurisdiction) => ['a', 'b'].map((name) => ({ jurisdiction, name })))

const somePolicy: fc.Arbitrary<Policy> = fc.record(
  { level: fc.constantFrom(...LEVELS), buckets: fc.subarray([...BUCKETS]), effect: fc.constant('deny' as const) },
  { requiredKeys: ['level'] },
)
const someToken: fc.Arbitrary<ApiToken> = fc.array(somePolicy, { maxLength: 4 }).map((policies) => ({ id: '', name: '', policies }))

describe('granting', () => {
  test('never makes a token that can do what its maker cannot', () => {
    fc.assert(
      fc.property(someToken, fc.array(somePolicy, { maxLength: 3 }), (maker, policies) => {
        fc.pre(policies.every((policy) => mayGrant(maker, policy)))
        const made: ApiToken = { id: '', name: '', policies }
        for (const bucket of [undefined, ...BUCKETS]) {
          for (const needs of PERMISSIONS) if (allows(made, needs, bucket)) expect(allows(maker, needs, bucket)).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('lets whoever is denied nothing pass on each of its own policies', () => {
    fc.assert(
      fc.property(fc.array(somePolicy, { maxLength: 4 }), (policies) => {
        const allowing = policies.map(({ effect: _, ...policy }) => policy)
        expect(allowing.every((policy) => mayGrant({ id: '', name: '', policies: allowing }, policy))).toBe(true)
      }),
    )
  })

  test('is free to root', () => {
    const root: ApiToken = { id: '', name: '', policies: [], root: true }
    expect(LEVELS.every((level) => mayGrant(root, { level }))).toBe(true)
    expect(isForAccount(root)).toBe(true)
  })
})

describe('a session', () => {
  const scope: SessionScope = { bucket: BUCKETS[0]!, level: 'object-read-write', paths: { prefixes: ['in/', 'é/'], objects: ['one'] } }
  const token: ApiToken = { id: '', name: '', policies: [{ level: 'admin-read-write' }] }
  const may = (demand: object, session = scope) =>
    permits({ accessKeyId: '', token, session }, { needs: 'object:read', action: 'GetObject', bucket: BUCKETS[0], ...demand })

  test.each([
    [{ key: 'in/a' }, true],
    [{ key: 'in/' }, true],
    [{ key: 'in' }, false],
    [{ key: 'one' }, true],
    [{ key: 'one/' }, false],
    [{ key: 'e\u0301/a' }, true], // The same key in another spelling.
    [{ prefix: 'in/a' }, true],
    [{ prefix: 'in' }, false],
    [{ prefix: '' }, false],
    [{ prefix: 'one' }, false],
    // Everything that is named must lie on the paths.
    [{ key: 'in/a', prefix: '' }, false],
    [{ key: 'in/a', prefix: 'out/' }, false],
    [{ key: 'out/a', prefix: 'in/' }, false],
    [{ key: 'one', prefix: 'in/' }, true],
    [{ needs: 'bucket:write', key: 'in/a' }, false],
    [{ needs: 'bucket:read', prefix: 'in/' }, false],
    [{ action: 'HeadBucket' }, true],
    [{ needs: 'bucket:read' }, false],
    [{ needs: 'account:list', bucket: undefined }, false],
    [{ key: 'in/a', bucket: BUCKETS[1] }, false],
  ])('with paths: %j is %s', (demand, allowed) => {
    expect(may(demand)).toBe(allowed)
  })

  test('never does what its parent may not', () => {
    fc.assert(
      fc.property(
        someToken,
        fc.constantFrom(...LEVELS.slice(0, 4)),
        fc.constantFrom(...BUCKETS),
        fc.constantFrom(...PERMISSIONS),
        (parent, level, bucket, needs) => {
          const session = { bucket, level: level as SessionScope['level'] }
          for (const on of [undefined, ...BUCKETS]) {
            const demand = { needs, action: 'GetObject', bucket: on, key: 'k' }
            if (permits({ accessKeyId: '', token: parent, session }, demand)) {
              expect(allows(parent, needs, on)).toBe(true)
              expect(on).toEqual(bucket)
            }
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
