import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  abortionOf,
  activeRules,
  changedPrefixes,
  checkLifecycleRules,
  checkStoredLifecycleRules,
  commonPrefixes,
  DEFAULT_LIFECYCLE,
  expirationOf,
  type LifecycleAction,
  type LifecycleRule,
  nextAction,
  objectPart,
} from '../../src/core/lifecycle.ts'
import type { LifecycleFilter } from '../../src/core/lifecycle-filter.ts'
import { LIMITS } from '../../src/core/limits.ts'

const DAY_S = 86_400
const DAY_MS = DAY_S * 1000

const rule = (parts: Partial<LifecycleRule> = {}): LifecycleRule => ({ id: 'r', enabled: true, prefix: '', ...parts })
const expire = (days: number, parts: Partial<LifecycleRule> = {}) => rule({ expiration: { ageSeconds: days * DAY_S }, ...parts })
const transition = (days: number) => rule({ transitions: [{ ageSeconds: days * DAY_S }] })

/** An object that no filter by tag selects. */
const BARE = { size: 5, tags: [] }

/** What rules do with an object of the key `k` that was stored at day 0, as `delete 30`; days of due dates. */
function plan(rules: readonly LifecycleRule[], object: { key?: string; storageClass?: 'InfrequentAccess'; lockedDays?: number } = {}) {
  const { key = 'k', storageClass = 'Standard', lockedDays } = object
  const lockedUntil = () => (lockedDays === undefined ? null : lockedDays * DAY_MS)
  const next = nextAction(activeRules(rules), { ...BARE, key, uploadedMs: 0, storageClass }, lockedUntil)
  return next && `${next.action} ${next.dueMs / DAY_MS}`
}

describe('checkLifecycleRules', () => {
  const refused = (message: string) => expect.objectContaining({ code: 'InvalidArgument', message: expect.stringContaining(message) })

  test('takes no rules, a thousand, and the default one', () => {
    const thousand = Array.from({ length: 1000 }, (_, n) => expire(1, { id: `rule ${n}`, prefix: `${n}/` }))
    for (const rules of [[], thousand, DEFAULT_LIFECYCLE]) expect(() => checkLifecycleRules(rules)).not.toThrow()
  })

  test.each<[string, readonly LifecycleRule[]]>([
    ['1000 lifecycle rules', Array.from({ length: 1001 }, (_, n) => rule({ id: String(n) }))],
    ['Rule ID must be unique', [rule(), rule({ prefix: 'x' })]],
    ['1 to 255 characters', [rule({ id: '' })]],
    ['1 to 255 characters', [rule({ id: 'x'.repeat(256) })]],
    ['1 to 255 characters', [rule({ id: '\ud800' })]],
    ['1024 bytes', [rule({ prefix: 'ü'.repeat(513) })]],
    ['1024 bytes', [rule({ prefix: '\udc00' })]],
    ['age is too large', [rule({ expiration: { ageSeconds: 1e300 } })]],
    ['age is too large', [rule({ transitions: [{ ageSeconds: 1 }, { ageSeconds: Number.POSITIVE_INFINITY }] })]],
    ['age is too large', [rule({ abortAfterSeconds: LIMITS.lifecycleAgeSeconds + 1 })]],
    ['10 tags at most', [rule({ filter: { tags: Array.from({ length: 11 }, (_, n) => ({ key: `k${n}`, value: '' })) } })]],
    ['a tag of its filter is not valid', [rule({ filter: { tags: [{ key: '', value: '' }] } })]],
    ['a size is a number of bytes', [rule({ filter: { sizeGreaterThan: -1 } })]],
    ['a size is a number of bytes', [rule({ filter: { sizeLessThan: 0.5 } })]],
    ['no object is larger than', [rule({ filter: { sizeLessThan: 0 } })]],
    ['no object is larger than', [rule({ filter: { sizeGreaterThan: 5, sizeLessThan: 6 } })]],
    ['a rule with a filter cannot abort uploads', [rule({ filter: { sizeGreaterThan: 5 }, abortAfterSeconds: 60 })]],
    ['2 transitions at most', [rule({ transitions: [{ ageSeconds: 1 }, { ageSeconds: 2 }, { ageSeconds: 3 }] })]],
    ['too long', Array.from({ length: 1000 }, (_, n) => rule({ id: String(n), prefix: 'p'.repeat(1024) }))],
  ])('says %s', (message, rules) => expect(() => checkLifecycleRules(rules)).toThrow(refused(message)))
})

test('rules that an earlier version stored make sense, however much they are', () => {
  const transitions = Array.from({ length: 30_000 }, (_, n) => ({ ageSeconds: n }))
  const long = Array.from({ length: 900 }, (_, n) => rule({ id: String(n), prefix: 'p'.repeat(900) }))
  for (const rules of [[rule({ transitions })], long]) {
    expect(() => checkStoredLifecycleRules(rules)).not.toThrow()
    expect(() => checkLifecycleRules(rules)).toThrow()
  }
})

describe('what happens next', () => {
  test.each<[string, string | undefined, readonly LifecycleRule[], Parameters<typeof plan>[1]?]>([
    ['nothing without rules', undefined, []],
    ['nothing by a disabled rule', undefined, [expire(1, { enabled: false })]],
    ['nothing by a rule of another prefix', undefined, [expire(1, { prefix: 'l' })]],
    ['nothing by a rule for uploads', undefined, DEFAULT_LIFECYCLE],
    ['the deletion', 'delete 30', [expire(30)]],
    ['at once at age zero', 'delete 0', [expire(0)]],
    ['on a date', 'delete 400', [rule({ expiration: { dateMs: 400 * DAY_MS } })]],
    ['on a date that was before the upload', 'delete -3', [rule({ expiration: { dateMs: -3 * DAY_MS } })]],
    ['the earliest deletion of several', 'delete 10', [expire(30), expire(10, { prefix: 'k' }), expire(5, { prefix: 'other' })]],
    ['the transition', 'transition 30', [transition(30)]],
    ['the earliest transition of several', 'transition 7', [transition(30), transition(7)]],
    ['the transition before the deletion', 'transition 30', [transition(30), expire(60)]],
    ['the deletion behind the transition', 'delete 60', [transition(30), expire(60)], { storageClass: 'InfrequentAccess' }],
    ['no transition of what is Infrequent Access', undefined, [transition(30)], { storageClass: 'InfrequentAccess' }],
    ['the deletion, at the same time', 'delete 30', [transition(30), expire(30)]],
    ['the deletion, a day behind the transition', 'delete 31', [transition(30), expire(31)]],
    ['the transition, more than a day before', 'transition 29.999', [transition(29.999), expire(31)]],
    ['the deletion that comes first', 'delete 10', [transition(30), expire(10)]],
    ['no deletion before a lock ends', 'delete 90', [expire(30)], { lockedDays: 90 }],
    ['the deletion behind a lock', 'delete 30', [expire(30)], { lockedDays: 7 }],
    ['no deletion under a lock without end', undefined, [expire(30)], { lockedDays: Number.POSITIVE_INFINITY }],
    ['a transition that a lock made worth while', 'transition 30', [transition(30), expire(30)], { lockedDays: 90 }],
    ['a deletion of what its filter selects', 'delete 3', [expire(3, { filter: { sizeGreaterThan: 4 } })]],
    ['nothing that a filter by size leaves out', undefined, [expire(3, { filter: { sizeLessThan: 5 } })]],
    ['nothing that a filter by tag leaves out', undefined, [expire(3, { filter: { tags: [{ key: 'a', value: '' }] } })]],
    ['by the rule whose filter selects it', 'delete 9', [expire(3, { filter: { sizeGreaterThan: 5 } }), expire(9)]],
    ['the same for two spellings of a prefix', 'delete 1', [expire(1, { prefix: 'e\u0301/' })], { key: '\u00e9/x' }],
  ])('is %s', (_, expected, rules, object) => expect(plan(rules, object)).toBe(expected))

  test('is told with the rule of the deletion', () => {
    const rules = activeRules([expire(30, { id: 'late' }), expire(10, { id: 'early' }), transition(1)])
    expect(expirationOf(rules, { ...BARE, key: 'k', uploadedMs: 5 })).toEqual({ dueMs: 11 * DAY_MS, ruleId: 'early' })
    expect(expirationOf(activeRules([transition(1)]), { ...BARE, key: 'k', uploadedMs: 5 })).toBeUndefined()
  })

  test('comes at the midnight (UTC) behind an age in whole days, and to the second for any other age', () => {
    const dueOf = (days: number, uploadedMs: number) => expirationOf(activeRules([expire(days)]), { ...BARE, key: 'k', uploadedMs })!.dueMs
    const morning = Date.UTC(2014, 0, 15, 10, 30)
    expect(dueOf(3, morning)).toBe(Date.UTC(2014, 0, 19))
    expect(dueOf(3, Date.UTC(2014, 0, 15))).toBe(Date.UTC(2014, 0, 18))
    expect(dueOf(0, morning)).toBe(Date.UTC(2014, 0, 16))
    expect(dueOf(0.5, morning)).toBe(morning + DAY_MS / 2)
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(40 * DAY_MS), (days, uploadedMs) => {
        const [due, exact] = [dueOf(days, uploadedMs), uploadedMs + days * DAY_MS]
        expect(due % DAY_MS).toBe(0)
        expect(due - exact).toBeGreaterThanOrEqual(0)
        expect(due - exact).toBeLessThan(DAY_MS)
      }),
    )
  })

  test('asks of many transitions those alone that can be the first', () => {
    const anyTransitions = fc.array(
      fc.oneof(
        fc.nat(5).map((days) => ({ ageSeconds: days * DAY_S })),
        fc.nat(5 * DAY_S).map((ageSeconds) => ({ ageSeconds })),
        fc.nat(5 * DAY_MS).map((dateMs) => ({ dateMs })),
      ),
      { minLength: 1, maxLength: 20 },
    )
    fc.assert(
      fc.property(anyTransitions, fc.nat(DAY_MS), (transitions, uploadedMs) => {
        const next = (some: LifecycleRule['transitions']) =>
          nextAction(activeRules([rule({ transitions: some })]), { ...BARE, key: 'k', uploadedMs, storageClass: 'Standard' })?.dueMs
        expect(next(transitions)).toBe(Math.min(...transitions.map((one) => next([one])!)))
        expect(activeRules([rule({ transitions })])[0]!.transitions!.length).toBeLessThanOrEqual(3)
      }),
    )
  })

  test('is never a date that no date can name', () => {
    const [furthest] = activeRules([expire(LIMITS.lifecycleAgeSeconds / DAY_S)])
    expect(() => new Date(expirationOf([furthest!], { ...BARE, key: 'k', uploadedMs: Date.now() })!.dueMs).toISOString()).not.toThrow()
  })

  test('of an upload is its abortion, by the earliest rule', () => {
    const rules = activeRules([...DEFAULT_LIFECYCLE, rule({ id: 'users', prefix: 'users/', abortAfterSeconds: 60 })])
    expect(abortionOf(rules, { key: 'x', createdMs: 1 })).toEqual({ dueMs: 7 * DAY_MS + 1, ruleId: 'Default Multipart Abort Rule' })
    expect(abortionOf(rules, { key: 'users/x', createdMs: 1 })).toEqual({ dueMs: 60_001, ruleId: 'users' })
    expect(abortionOf(activeRules([expire(1)]), { key: 'x', createdMs: 1 })).toBeUndefined()
  })
})

// Any rules on any object.
const condition = fc.oneof(
  fc.record({ ageSeconds: fc.nat(10 * DAY_S) }),
  fc.record({ dateMs: fc.integer({ min: -10 * DAY_MS, max: 10 * DAY_MS }) }),
)
const anyRule = fc.record({
  id: fc.uuid(),
  enabled: fc.boolean(),
  prefix: fc.constantFrom('', 'a', 'a/', 'b', 'ab'),
  expiration: fc.option(condition, { nil: undefined }),
  transitions: fc.option(fc.array(condition, { maxLength: 2 }), { nil: undefined }),
  abortAfterSeconds: fc.option(fc.nat(10 * DAY_S), { nil: undefined }),
  filter: fc.option(fc.constantFrom<LifecycleFilter>({ sizeGreaterThan: 4 }, { sizeLessThan: 5 }, { tags: [{ key: 'a', value: '' }] }), {
    nil: undefined,
  }),
})
const anyRules = fc.array(anyRule, { maxLength: 5 })
const anyKey = fc.constantFrom('a', 'a/b', 'ab', 'b', 'c')

/** All that happens to an object, until nothing does any more. */
function fate(rules: readonly LifecycleRule[], key: string): LifecycleAction[] {
  const active = activeRules(rules)
  const first = nextAction(active, { ...BARE, key, uploadedMs: 0, storageClass: 'Standard' })
  if (first?.action !== 'transition') return first ? [first] : []
  const second = nextAction(active, { ...BARE, key, uploadedMs: 0, storageClass: 'InfrequentAccess' })
  return second ? [first, second] : [first]
}

test('deletions end it, transitions come more than a day before them and once, and the order of rules does not matter', () => {
  fc.assert(
    fc.property(anyRules, anyKey, (rules, key) => {
      const actions = fate(rules, key)
      expect(actions.map(({ action }) => action).join()).toMatch(/^(transition)?(,?delete)?$/)
      const [first, second] = actions
      if (second) expect(second.dueMs - first!.dueMs).toBeGreaterThan(DAY_MS)
      expect(fate(rules.toReversed(), key)).toEqual(actions)
      const deletion = expirationOf(activeRules(rules), { ...BARE, key, uploadedMs: 0 })
      expect(actions.find(({ action }) => action === 'delete')?.dueMs).toBe(deletion?.dueMs)
    }),
  )
})

describe('a change of rules', () => {
  const changed = (before: readonly LifecycleRule[], after: readonly LifecycleRule[]) => changedPrefixes(before, after, objectPart)

  test('matters below the prefixes of rules that came, went or changed', () => {
    const kept = expire(1, { id: 'kept', prefix: 'kept/' })
    expect(changed([kept], [kept])).toEqual([])
    expect(changed([kept], [{ ...kept, id: 'another name' }])).toEqual([])
    expect(changed([kept], [kept, expire(1, { prefix: 'new/' })])).toEqual(['new/'])
    expect(changed([kept], [])).toEqual(['kept/'])
    expect(changed([kept], [{ ...kept, enabled: false }])).toEqual(['kept/'])
    expect(changed([kept], [expire(2, { prefix: 'kept/' })])).toEqual(['kept/'])
    expect(changed([kept], [expire(1, { prefix: 'moved/' })])).toEqual(['kept/', 'moved/'])
  })

  test('does not matter for objects when it is about uploads', () => {
    expect(changed(DEFAULT_LIFECYCLE, [])).toEqual([])
  })

  test('below a prefix that is there as a whole is not told twice', () => {
    const rules = ['a/b/', 'a/', 'b', 'a/c', 'ab'].map((prefix) => expire(1, { prefix }))
    expect(changed([], rules)).toEqual(['a/', 'ab', 'b'])
    expect(changed([], [...rules, expire(1)])).toEqual([''])
  })

  test('of locks matters where objects are waiting for their deletion', () => {
    expect(commonPrefixes(['a/', 'b', 'c'], ['a/x', 'a/y', '', 'bb'])).toEqual(['a/', 'b', 'c'])
    expect(commonPrefixes(['a/', 'b'], ['a/x', 'bb', 'c'])).toEqual(['a/x', 'bb'])
    expect(commonPrefixes(['a/'], [])).toEqual([])
  })

  test('makes a difference nowhere else', () => {
    fc.assert(
      fc.property(anyRules, anyRules, anyKey, (before, after, key) => {
        const prefixes = changed(before, after)
        if (!prefixes.some((prefix) => key.startsWith(prefix))) expect(fate(after, key)).toEqual(fate(before, key))
      }),
    )
  })
})
