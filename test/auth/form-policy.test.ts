import { expect, test } from 'vitest'
import { parseFormPolicy } from '../../src/auth/form-policy.ts'

const EXPIRATION = '"expiration": "2030-01-01T00:00:00Z"'
const DEEP = '['.repeat(7000) + ']'.repeat(7000)
const parsed = (json: string) => parseFormPolicy(btoa(json))
const condition = (json: string) => parsed(`{${EXPIRATION}, "conditions": [${json}]}`).conditions[0]

test.each(['{"toString": 1}', '{"a": "b"}', '[]', DEEP, 'null', '1', '"2030-01-01"', '"soon"'])('%.20s is no expiration', (expiration) => {
  expect(() => parsed(`{"expiration": ${expiration}, "conditions": []}`)).toThrow(
    expect.objectContaining({
      code: 'InvalidPolicyDocument',
      message: expect.stringMatching(/^Invalid Policy: Invalid 'expiration' value: '/),
    }),
  )
})

test.each([`["eq", "$key", ${DEEP}]`, `["eq", ${DEEP}, "a"]`, '["eq", "$key", {"toString": 1}]', `[${DEEP}, "$key", "a"]`, '[]', '{}'])(
  '%.20s is no condition',
  (json) => {
    expect(() => condition(json)).toThrow(expect.objectContaining({ code: 'InvalidPolicyDocument' }))
  },
)

test('a range that is no range is printed without what is nested in it', () => {
  expect(condition(`["content-length-range", ${DEEP}, 1]`)).toEqual({
    kind: 'content-length-range',
    min: Number.NaN,
    max: 1,
    text: '["content-length-range", …, 1]',
  })
})

test('a condition is printed as S3 prints it', () => {
  expect([
    condition('{"Key": "a\\"b"}')?.text,
    condition('["starts-with", "$key", ""]')?.text,
    condition('["Eq", "$key", "\\$a"]')?.text,
  ]).toEqual(['["eq", "$Key", "a\\"b"]', '["starts-with", "$key", ""]', '["Eq", "$key", "$a"]'])
})
