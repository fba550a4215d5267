import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { activeLocks, checkLockRules, type LockCondition, type LockRule, lockedUntil } from '../../src/core/locks.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-11-21T12:00:00Z')

const rule = (parts: Partial<LockRule> = {}): LockRule => ({ id: 'r', enabled: true, condition: { type: 'Indefinite' }, ...parts })
const age = (days: number): LockCondition => ({ type: 'Age', maxAgeSeconds: days * 86_400 })
const date = (text: string): LockCondition => ({ type: 'Date', date: text })

describe('checkLockRules', () => {
  test.each<[string, Partial<LockRule>]>([
    ['no prefix', {}],
    ['an empty prefix', { prefix: '' }],
    ['a prefix of 1,024 bytes', { prefix: 'ü'.repeat(512) }],
    ['an id of 255 characters', { id: 'x'.repeat(255) }],
    ['a fraction of a second', { condition: { type: 'Age', maxAgeSeconds: 95_040.00000000001 } }],
    ['a day that is past', { condition: date('2020-02-29') }],
  ])('takes %s', (_, parts) => expect(() => checkLockRules([rule(parts)])).not.toThrow())

  test.each<[string, Partial<LockRule>, said: string]>([
    ['no id', { id: '' }, 'an id has'],
    ['a long id', { id: 'x'.repeat(256) }, 'an id has'],
    ['an id that is no text', { id: '\ud800' }, 'an id has'],
    ['a long prefix', { prefix: 'ü'.repeat(513) }, 'a prefix has 1024 bytes at most'],
    ['a prefix that is no text', { prefix: '\udc00' }, 'a prefix has'],
    ['an age of nothing', { condition: { type: 'Age', maxAgeSeconds: 0 } }, 'positive number'],
    ['an age below nothing', { condition: { type: 'Age', maxAgeSeconds: -1 } }, 'positive number'],
    ['an age beyond time', { condition: { type: 'Age', maxAgeSeconds: 1e12 } }, 'positive number'],
    ['an age that is no number', { condition: { type: 'Age', maxAgeSeconds: Number.NaN } }, 'positive number'],
    ['a day that there is not', { condition: date('2027-02-30T00:00:00Z') }, 'ISO 8601'],
  ])('refuses %s, and says which rule it is', (_, parts, said) => {
    const refusal = { code: 'MalformedJSON', message: expect.stringMatching(new RegExp(`^Lock rule ".*": .*${said}`)) }
    expect(() => checkLockRules([rule({ id: 'before' }), rule(parts)])).toThrow(expect.objectContaining(refusal))
  })

  test('refuses two rules of one id', () => {
    expect(() => checkLockRules([rule(), rule({ prefix: 'a' })])).toThrow('Lock rule "r": another rule has the same id.')
  })

  test('takes a thousand rules, and not one more', () => {
    const rules = Array.from({ length: 1001 }, (_, n) => rule({ id: `${n}` }))
    expect(() => checkLockRules(rules.slice(1))).not.toThrow()
    expect(() => checkLockRules(rules)).toThrow('A bucket has 1000 lock rules at most.')
  })

  test('refuses more than can be kept with its trace in the audit log', () => {
    const rules = Array.from({ length: 1000 }, (_, n) => rule({ id: `${n}`, prefix: 'x'.repeat(1000) }))
    expect(() => checkLockRules(rules)).toThrow('The lock rules are too long.')
  })
})

describe('lockedUntil', () => {
  const untilOf = (rules: readonly LockRule[], found: { key: string; uploadedMs: number }, nowMs = NOW) =>
    lockedUntil(activeLocks(rules), found, nowMs)
  const object = { key: 'logs/2026/a', uploadedMs: NOW - DAY_MS }

  test.each<[string, Partial<LockRule>, number | null]>([
    ['an age that has not passed', { condition: age(7) }, NOW + 6 * DAY_MS],
    ['an age that has passed', { condition: age(0.5) }, null],
    ['an age that passes now', { condition: age(1) }, null],
    ['a date to come', { condition: date('2027-01-01') }, Date.parse('2027-01-01')],
    ['a date of the past', { condition: date('2026-01-01T00:00:00Z') }, null],
    ['no end', {}, Number.POSITIVE_INFINITY],
    ['its own key as prefix', { prefix: 'logs/2026/a' }, Number.POSITIVE_INFINITY],
    ['a prefix that is longer', { prefix: 'logs/2026/ab' }, null],
    ['another prefix', { prefix: 'images/' }, null],
    ['a rule that is off', { enabled: false }, null],
  ])('by %s', (_, parts, until) => expect(untilOf([rule(parts)], object)).toBe(until))

  test('without rules is never', () => expect(untilOf([], object)).toBeNull())

  test('sees through the spelling of a prefix', () => {
    const stored = { key: 'é/a'.normalize('NFC'), uploadedMs: NOW }
    expect(untilOf([rule({ prefix: 'é/'.normalize('NFD') })], stored)).toBe(Number.POSITIVE_INFINITY)
  })

  const someCondition: fc.Arbitrary<LockCondition> = fc.oneof(
    fc.record({ type: fc.constant('Age' as const), maxAgeSeconds: fc.integer({ min: 1, max: 60 * 86_400 }) }),
    fc.record({
      type: fc.constant('Date' as const),
      date: fc.integer({ min: -60, max: 60 }).map((day) => new Date(NOW + day * DAY_MS).toISOString()),
    }),
    fc.record({ type: fc.constant('Indefinite' as const) }),
  )
  const someRules = fc.array(
    fc.record({
      id: fc.string({ minLength: 1 }),
      enabled: fc.boolean(),
      prefix: fc.constantFrom('', 'a', 'a/', 'a/b', 'b'),
      condition: someCondition,
    }),
    { maxLength: 6 },
  )
  const someObject = fc.record({
    key: fc.constantFrom('a', 'a/', 'a/b', 'a/bc', 'b', 'c'),
    uploadedMs: fc.integer({ min: NOW - 90 * DAY_MS, max: NOW }),
  })
  const strictness = (until: number | null) => until ?? NOW

  test('is what the strictest of the rules says, in whatever order', () => {
    fc.assert(
      fc.property(someRules, someObject, (rules, found) => {
        const each = rules.map((one) => strictness(untilOf([one], found)))
        expect(strictness(untilOf(rules, found))).toBe(Math.max(NOW, ...each))
        expect(untilOf(rules.toReversed(), found)).toBe(untilOf(rules, found))
      }),
    )
  })

  test('never becomes earlier by another rule', () => {
    fc.assert(
      fc.property(someRules, someRules, someObject, (rules, others, found) => {
        expect(strictness(untilOf([...rules, ...others], found))).toBeGreaterThanOrEqual(strictness(untilOf(rules, found)))
      }),
    )
  })

  test('stays the same while time passes, and ends when it says', () => {
    fc.assert(
      fc.property(someRules, someObject, fc.integer({ min: 1, max: 200 * DAY_MS }), (rules, found, ms) => {
        const until = untilOf(rules, found)
        expect(untilOf(rules, found, NOW + ms)).toBe(until !== null && until > NOW + ms ? until : null)
      }),
    )
  })
})
