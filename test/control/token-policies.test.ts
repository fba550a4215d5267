import { describe, expect, test } from 'vitest'
import { PERMISSION_GROUPS } from '../../src/control/permission-groups.ts'
import { compilePolicy, type Resources, showPolicy } from '../../src/control/token-policies.ts'

const ACCOUNT = '0123456789abcdef0123456789abcdef'
const groupOf = (level: string) => ({ id: PERMISSION_GROUPS.find((group) => group.level === level)!.id })
const compile = (level: string, resources: Resources, effect: 'allow' | 'deny' = 'allow') =>
  compilePolicy({ effect, permission_groups: [groupOf(level)], resources }, ACCOUNT)

const account = { [`com.cloudflare.api.account.${ACCOUNT}`]: '*' }
const bucket = (name: string) => ({ [`com.cloudflare.edge.r2.bucket.${ACCOUNT}_${name}`]: '*' })

describe('a policy', () => {
  test.each([
    ['for the account', 'admin-read', account, {}],
    [
      'for every bucket of it',
      'object-read',
      { [`com.cloudflare.api.account.${ACCOUNT}`]: { 'com.cloudflare.edge.r2.bucket.*': '*' } },
      {},
    ],
    ['for one bucket', 'object-read', bucket('default_photos'), { buckets: [{ jurisdiction: 'default', name: 'photos' }] }],
    ['in a jurisdiction', 'object-read', bucket('eu_photos'), { buckets: [{ jurisdiction: 'eu', name: 'photos' }] }],
    ['in a long one', 'object-read', bucket('fedramp-high_photos'), { buckets: [{ jurisdiction: 'fedramp-high', name: 'photos' }] }],
    [
      'for several',
      'object-read-write',
      { ...bucket('default_a'), ...bucket('fedramp_b') },
      { buckets: [{ jurisdiction: 'default', name: 'a' }, { jurisdiction: 'fedramp', name: 'b' }] }, // biome-ignore format: one line.
    ],
  ])('%s is one rule a group', (_, level, resources, limits) => {
    expect(compile(level, resources as unknown as Resources)).toEqual([{ level, ...limits }])
  })

  test('that denies says so', () => {
    expect(compile('object-read', bucket('default_a'), 'deny')).toEqual([
      { level: 'object-read', buckets: [{ jurisdiction: 'default', name: 'a' }], effect: 'deny' },
    ])
  })

  test.each([
    ['no resources', 'object-read', {}],
    ['another account', 'object-read', { 'com.cloudflare.api.account.ffff': '*' }],
    ["another account's bucket", 'object-read', { 'com.cloudflare.edge.r2.bucket.ffff_default_a': '*' }],
    ['a jurisdiction that there is not', 'object-read', bucket('mars_a')],
    ['a bucket without a jurisdiction', 'object-read', bucket('photos')],
    ['a zone', 'object-read', { 'com.cloudflare.api.account.zone.1': '*' }],
    ['something else than everything of it', 'object-read', { [`com.cloudflare.api.account.${ACCOUNT}`]: 'read' }],
    ['a bucket for a permission of the account', 'admin-read', bucket('default_a')],
    ['buckets within a bucket', 'object-read', { [`com.cloudflare.edge.r2.bucket.${ACCOUNT}_default_a`]: bucket('default_b') }],
  ])('with %s is refused', (_, level, resources) => {
    expect(() => compile(level, resources as Resources)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }))
  })

  test('is shown with an id and the names of its groups', () => {
    const shown = showPolicy({ effect: 'allow', permission_groups: [groupOf('object-read')], resources: account })
    expect(shown).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      permission_groups: [{ name: 'Workers R2 Storage Bucket Item Read' }],
    })
  })
})
