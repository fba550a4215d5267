import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JSON_MAX_DEPTH, JSON_MAX_VALUES, parseJson } from '../../src/core/json.ts'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const malformed = (message?: unknown) => expect.objectContaining({ code: 'MalformedJSON', status: 400, ...(message ? { message } : {}) })

test('any JSON that is neither deep nor long is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      expect(parseJson(text)).toEqual(JSON.parse(text))
    }),
  )
})

test('brackets, commas and quotes within texts do not count', () => {
  const text = JSON.stringify({ a: `${'[{,:'.repeat(JSON_MAX_VALUES)}"\\"`, b: '\\', '\\"[': '\\\\"' })
  expect(parseJson(text)).toEqual(JSON.parse(text))
})

test.each(['', '{', '"', '"\\"', '[1,', 'nul', '[]]', '{"a":}'])('%j is malformed', (text) => {
  expect(() => parseJson(text)).toThrow(malformed())
})

describe('before anything is made of it', () => {
  test('the depth is limited', () => {
    expect(() => parseJson(nested(JSON_MAX_DEPTH))).not.toThrow()
    for (const depth of [JSON_MAX_DEPTH + 1, 5000, 500_000]) {
      expect(() => parseJson(nested(depth))).toThrow(malformed('The JSON you provided is nested too deeply: 32 levels at most.'))
      expect(() => parseJson('{"a":'.repeat(depth))).toThrow(malformed())
    }
  })

  test('the number of values is limited', () => {
    expect(parseJson(`[${'1,'.repeat(JSON_MAX_VALUES - 3)}1]`)).toHaveLength(JSON_MAX_VALUES - 2)
    for (const many of ['1,', '{},', '"",', '[],', '"a":1,']) {
      const text = `[${many.repeat(JSON_MAX_VALUES)}1]`
      expect(() => parseJson(text)).toThrow(malformed('The JSON you provided has too many values: 50000 at most.'))
    }
  })
})
