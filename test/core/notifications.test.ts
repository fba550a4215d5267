import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addRules,
  batchLength,
  EVENT_ACTIONS,
  type EventAction,
  eventMessage,
  matches,
  type NewNotificationRule,
  type NotificationRule,
  overlaps,
  type QueueNotifications,
  removeRules,
} from '../../src/core/notifications.ts'

const QUEUE = { queueId: '1'.repeat(32), queueName: 'one' }
const OTHER = { queueId: '2'.repeat(32), queueName: 'two' }
const PUTS: readonly EventAction[] = ['PutObject']

let ids = 0
const add = (present: readonly QueueNotifications[], rules: readonly NewNotificationRule[], queue = QUEUE) =>
  addRules(present, { queue, rules, nowMs: 5, newId: () => `rule-${++ids}` })
const failing = (work: () => unknown, code: string) => expect(work).toThrow(expect.objectContaining({ code }))

describe('addRules', () => {
  test('adds behind what is there, to the queue that it is for', () => {
    const one = add([], [{ actions: ['DeleteObject', 'PutObject', 'PutObject'], prefix: 'a/', description: 'first' }])
    expect(one).toEqual([
      {
        ...QUEUE,
        rules: [
          {
            ruleId: `rule-${ids}`,
            createdMs: 5,
            prefix: 'a/',
            suffix: '',
            actions: ['PutObject', 'DeleteObject'],
            description: 'first',
          },
        ],
      },
    ])
    const two = add(one, [{ actions: PUTS, prefix: 'b/' }], OTHER)
    const three = add(two, [{ actions: PUTS, prefix: 'c/' }])
    expect(three.map(({ queueName, rules }) => [queueName, rules.map(({ prefix }) => prefix)])).toEqual([
      ['one', ['a/', 'c/']],
      ['two', ['b/']],
    ])
  })

  test('compares as keys are compared: NFC', () => {
    const decomposed = add([], [{ actions: PUTS, prefix: 'e\u0301/' }])
    expect(matches(decomposed[0]!.rules[0]!, 'PutObject', '\u00e9/x')).toBe(true)
    failing(() => add(decomposed, [{ actions: PUTS, prefix: '\u00e9/' }]), 'OverlappingNotificationRule')
  })

  test.each<[string, NewNotificationRule[]]>([
    ['no rule at all', []],
    ['a rule without actions', [{ actions: [] }]],
    ['a prefix of 1,025 bytes', [{ actions: PUTS, prefix: 'a'.repeat(1025) }]],
    ['a suffix that is no text', [{ actions: PUTS, suffix: '\ud800' }]],
    ['a long description', [{ actions: PUTS, description: 'x'.repeat(1025) }]],
  ])('refuses %s', (_, rules) => failing(() => add([], rules), 'InvalidNotificationRule'))

  test('takes 100 rules of a bucket, over all its queues', () => {
    const rules = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => ({ actions: PUTS, prefix: `${prefix}${i}/` }))
    const full = add(add([], rules('a', 60)), rules('b', 40), OTHER)
    failing(() => add(full, rules('c', 1)), 'InvalidNotificationRule')
  })

  test('takes no rules that are too long together', () => {
    const rules = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        actions: PUTS,
        prefix: `${i}/`.padEnd(1024, '\u0001'),
        description: '\u0001'.repeat(1024),
      }))
    expect(add([], rules(20))[0]!.rules).toHaveLength(20)
    failing(() => add([], rules(30)), 'InvalidNotificationRule')
  })

  test.each<[NewNotificationRule, NewNotificationRule]>([
    [{ actions: PUTS }, { actions: PUTS, prefix: 'images/' }],
    [
      { actions: PUTS, prefix: 'images/' },
      { actions: PUTS, suffix: '.png' },
    ],
    [
      { actions: ['PutObject', 'DeleteObject'], prefix: 'a' },
      { actions: ['DeleteObject'], prefix: 'ab' },
    ],
  ])('refuses %j beside %j, of whichever queue, and both at once', (a, b) => {
    failing(() => add(add([], [a]), [b]), 'OverlappingNotificationRule')
    failing(() => add(add([], [b]), [a], OTHER), 'OverlappingNotificationRule')
    failing(() => add([], [a, b]), 'OverlappingNotificationRule')
  })

  test.each<[NewNotificationRule, NewNotificationRule]>([
    [{ actions: PUTS }, { actions: ['CopyObject'] }],
    [
      { actions: PUTS, prefix: 'a/' },
      { actions: PUTS, prefix: 'b/' },
    ],
    [
      { actions: PUTS, prefix: 'a/', suffix: '.png' },
      { actions: PUTS, prefix: 'a/b/', suffix: '.jpg' },
    ],
  ])('takes %j beside %j', (a, b) => expect(add([], [a, b])[0]!.rules).toHaveLength(2))
})

describe('removeRules', () => {
  const present = add(add([], [{ actions: PUTS, prefix: 'a' }, { actions: ['DeleteObject'] }]), [{ actions: PUTS, prefix: 'b' }], OTHER)
  const [first, second] = present[0]!.rules

  test('removes those that are named, or all of a queue', () => {
    expect(removeRules(present, QUEUE.queueId, [first!.ruleId])).toEqual([{ ...QUEUE, rules: [second] }, present[1]])
    expect(removeRules(present, QUEUE.queueId, [first!.ruleId, second!.ruleId])).toEqual([present[1]])
    expect(removeRules(present, QUEUE.queueId)).toEqual([present[1]])
  })

  test('refuses rules and queues that are not there', () => {
    failing(() => removeRules(present, QUEUE.queueId, [first!.ruleId, 'none']), 'NoSuchNotificationRule')
    failing(() => removeRules(present, '3'.repeat(32)), 'NoSuchNotificationConfiguration')
  })
})

const affix = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 })
const ruleOf = fc
  .record({ prefix: affix, suffix: affix, actions: fc.subarray([...EVENT_ACTIONS], { minLength: 1, maxLength: 3 }) })
  .map((rule): NotificationRule => ({ ruleId: '', createdMs: 0, ...rule }))

test('rules overlap exactly when some event is of interest to both', () => {
  const every = [...keys('ab/', 6)]
  fc.assert(
    fc.property(ruleOf, ruleOf, (a, b) => {
      const both = EVENT_ACTIONS.some((action) => every.some((key) => matches(a, action, key) && matches(b, action, key)))
      expect(overlaps(a, b)).toBe(both)
      expect(overlaps(b, a)).toBe(both)
    }),
    { numRuns: 60 },
  )
})

/** Every key up to a length. */
function* keys(units: string, length: number): Generator<string> {
  yield ''
  if (length > 0) for (const rest of keys(units, length - 1)) for (const unit of units) yield unit + rest
}

test('whatever rules a bucket takes, no event is told of twice', () => {
  const arrivals = fc.array(fc.tuple(ruleOf, fc.boolean()), { maxLength: 12 })
  fc.assert(
    fc.property(arrivals, fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 }), (rules, key) => {
      let present: readonly QueueNotifications[] = []
      for (const [rule, other] of rules) {
        try {
          present = add(present, [rule], other ? OTHER : QUEUE)
        } catch (error) {
          expect(error).toMatchObject({ code: 'OverlappingNotificationRule' })
        }
      }
      for (const action of EVENT_ACTIONS) {
        expect(present.flatMap((entry) => entry.rules).filter((rule) => matches(rule, action, key)).length).toBeLessThanOrEqual(1)
      }
    }),
  )
})

test('a message is as R2 documents it', () => {
  const at = { account: 'acc', bucket: 'my-bucket', ms: Date.parse('2024-05-24T19:36:44.379Z') }
  const copySource = { bucket: 'my-bucket', object: 'my-original-object' }
  const copied = eventMessage({ action: 'CopyObject', key: 'my-new-object', size: 65536, etag: 'c846', copySource }, at)
  expect(JSON.parse(copied)).toEqual({
    account: 'acc',
    action: 'CopyObject',
    bucket: 'my-bucket',
    object: { key: 'my-new-object', size: 65536, eTag: 'c846' },
    eventTime: '2024-05-24T19:36:44.379Z',
    copySource,
  })
  const deleted = JSON.parse(eventMessage({ action: 'DeleteObject', key: 'k' }, at))
  expect(deleted).toEqual({
    account: 'acc',
    action: 'DeleteObject',
    bucket: 'my-bucket',
    object: { key: 'k' },
    eventTime: '2024-05-24T19:36:44.379Z',
  })
})

describe('batchLength', () => {
  test('is 100 messages, or 256 KB of UTF-8 with what Queues add, or one message whatever it is', () => {
    expect(batchLength([])).toBe(0)
    expect(batchLength(Array(150).fill('"x"'))).toBe(100)
    expect(batchLength(Array(10).fill('é'.repeat(31_950)))).toBe(4) // 64,000 bytes each, with the overhead.
    expect(batchLength(Array(10).fill('é'.repeat(31_951)))).toBe(3)
    expect(batchLength(['x'.repeat(300_000), 'x'])).toBe(1)
  })
})
