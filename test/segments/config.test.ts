import { expect, test } from 'vitest'
import { storedSegments } from '../../src/core/blob.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { sealedSegmentBytes } from '../../src/core/read-plan.ts'
import { base64Length, checkSegmentConfig, DEFAULT_SEGMENT_CONFIG, planBlob } from '../../src/segments/config.ts'
import { newBlobId } from './support.ts'

const KIB = 1024
const MIB = 1024 * KIB
const planOf = (size: number, more = {}) => planBlob({ id: newBlobId(), size, databases: 1, ...more }, DEFAULT_SEGMENT_CONFIG)

test.each([
  [0, 'inline', 64 * KIB, 0],
  [64 * KIB, 'inline', 64 * KIB, 0],
  [64 * KIB + 1, 'd1:0', MIB, 1],
  [512 * KIB, 'd1:0', MIB, 1],
  [512 * KIB + 1, 'kv', MIB, 1],
  [MIB, 'kv', MIB, 1],
  [MIB + 1, 'kv', 512 * KIB, 1],
  [24 * MIB, 'kv', 512 * KIB, 1],
  [24 * MIB + 1, 'kv', 512 * KIB, 2],
  [LIMITS.uploadBytes, 'kv', 512 * KIB, 214],
])('a blob of %i bytes goes to %s in chunks of %i bytes and %i stored segments', (size, tier, chunkBytes, segments) => {
  const plan = planOf(size)
  expect(plan).toMatchObject({ size, tier, chunkBytes })
  expect(storedSegments(plan)).toBe(segments)
  expect(plan.segmentBytes % plan.chunkBytes).toBe(0)
})

test('without room inline a small blob goes to D1, an empty one too', () => {
  expect(planOf(10, { inline: false }).tier).toBe('d1:0')
  expect(storedSegments(planOf(0, { inline: false }))).toBe(1)
})

test('without databases everything that is not inline goes to KV', () => {
  expect(planOf(100 * KIB, { databases: 0 }).tier).toBe('kv')
  expect(planOf(1, { databases: 0, inline: false }).tier).toBe('kv')
})

test('blobs spread over the databases, each always to the same one', () => {
  const ids = Array.from({ length: 200 }, newBlobId)
  const tierOf = (id: string) => planBlob({ id, size: 100 * KIB, databases: 3 }, DEFAULT_SEGMENT_CONFIG).tier
  expect(new Set(ids.map(tierOf))).toEqual(new Set(['d1:0', 'd1:1', 'd1:2']))
  expect(ids.map(tierOf)).toEqual(ids.map(tierOf))
})

test('the largest value of every tier keeps to the limits of production', () => {
  expect(sealedSegmentBytes(planOf(LIMITS.uploadBytes), 0)).toBeLessThanOrEqual(LIMITS.kvValueBytes)
  expect(base64Length(sealedSegmentBytes(planOf(512 * KIB), 0))).toBeLessThanOrEqual(LIMITS.sqliteValueBytes)
  const large = planBlob({ id: newBlobId(), size: 8 * MIB, databases: 1 }, { ...DEFAULT_SEGMENT_CONFIG, d1MaxBytes: 8 * MIB })
  expect(base64Length(sealedSegmentBytes(large, 0))).toBeLessThanOrEqual(LIMITS.sqliteValueBytes)
})

test.each([
  ['inlineMaxBytes', 2_000_000],
  ['inlineMaxBytes', -1],
  ['inlineMaxBytes', 1.5],
  ['d1MaxBytes', 9 * MIB],
  ['segmentBytes', 25 * MIB],
  ['segmentBytes', 0],
  ['segmentBytes', Number.NaN],
])('%s may not be %d', (name, value) => {
  expect(() => checkSegmentConfig({ ...DEFAULT_SEGMENT_CONFIG, [name]: value })).toThrow(RangeError)
})

test('tiny thresholds are fine', () => {
  expect(() => checkSegmentConfig({ inlineMaxBytes: 0, d1MaxBytes: 0, segmentBytes: 1 })).not.toThrow()
})
