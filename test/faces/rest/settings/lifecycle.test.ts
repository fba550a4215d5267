import { describe, expect, test } from 'vitest'
import { DEFAULT_LIFECYCLE } from '../../../../src/core/lifecycle.ts'
import { fromRest, LifecycleConfiguration, PutLifecycleBody, toRest } from '../../../../src/faces/rest/settings/lifecycle.ts'

const parse = (...rules: unknown[]) => PutLifecycleBody.parse({ rules }).rules.map(fromRest)
const age = (maxAge: number) => ({ condition: { type: 'Age', maxAge } })

const FULL = {
  id: 'r1',
  enabled: true,
  conditions: { prefix: 'logs/' },
  deleteObjectsTransition: age(43_200.5),
  storageClassTransitions: [{ condition: { type: 'Date', date: '2027-01-31T00:00:00.000Z' }, storageClass: 'InfrequentAccess' }],
  abortMultipartUploadsTransition: age(0),
}

test('what is written is shown', () => {
  const known = parse(FULL)
  expect(known).toEqual([
    {
      id: 'r1',
      enabled: true,
      prefix: 'logs/',
      expiration: { ageSeconds: 43_200.5 },
      transitions: [{ dateMs: Date.UTC(2027, 0, 31) }],
      abortAfterSeconds: 0,
    },
  ])
  expect(known.map(toRest)).toEqual([FULL])
  expect(LifecycleConfiguration.parse({ rules: known.map(toRest) })).toEqual({ rules: [FULL] })
})

test('what is not known here is kept, and cannot pass for what is', () => {
  const odd = { ...FULL, future: { deep: [1] }, prefix: 'none', expiration: 'none' }
  const known = parse(odd)
  expect(known[0]).toMatchObject({ prefix: 'logs/', further: { future: { deep: [1] }, prefix: 'none', expiration: 'none' } })
  expect(known.map(toRest)).toEqual([odd])
})

test('a rule that this API has no words for is refused, and named', () => {
  const rule = { id: 'tagged', enabled: true, prefix: '', filter: { sizeLessThan: 5 }, expiration: { ageSeconds: 5 } }
  expect(() => toRest(rule)).toThrow(expect.objectContaining({ code: 'NotImplemented', message: expect.stringContaining('"tagged"') }))
})

test('the default rule looks as on R2', () => {
  expect(DEFAULT_LIFECYCLE.map(toRest)).toEqual([
    { id: 'Default Multipart Abort Rule', enabled: true, conditions: {}, abortMultipartUploadsTransition: age(604_800) },
  ])
})

test('no prefix, an empty one and no conditions are the whole bucket; no rules are none', () => {
  for (const conditions of [{}, { prefix: '' }, undefined]) {
    expect(parse({ id: 'r', enabled: true, conditions }).map(toRest)).toEqual([{ id: 'r', enabled: true, conditions: {} }])
  }
  expect(PutLifecycleBody.parse({})).toEqual({ rules: [] })
  expect(parse({ id: 'r', enabled: true, deleteObjectsTransition: {}, abortMultipartUploadsTransition: {} })[0]).toEqual({
    id: 'r',
    enabled: true,
    prefix: '',
  })
})

describe('refuses', () => {
  test.each<[string, object]>([
    ['no id', { id: undefined }],
    ['no state', { enabled: undefined }],
    ['a negative age', { deleteObjectsTransition: age(-1) }],
    ['an age that is no number', { deleteObjectsTransition: age('1' as never) }],
    ['a date that is none', { deleteObjectsTransition: { condition: { type: 'Date', date: '2027-02-30' } } }],
    ['another kind of condition', { deleteObjectsTransition: { condition: { type: 'Indefinite' } } }],
    ['uploads that end on a date', { abortMultipartUploadsTransition: { condition: { type: 'Date', date: '2027-01-31' } } }],
    ['another storage class', { storageClassTransitions: [{ ...age(1), storageClass: 'Standard' }] }],
    ['a prefix that is no text', { conditions: { prefix: 1 } }],
  ])('%s', (_, parts) => expect(PutLifecycleBody.safeParse({ rules: [{ ...FULL, ...parts }] }).success).toBe(false))
})
