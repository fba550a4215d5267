import { describe, expect, test } from 'vitest'
import type { LifecycleRule } from '../../../../src/core/lifecycle.ts'
import type { LifecycleFilter } from '../../../../src/core/lifecycle-filter.ts'
import type { TagSet } from '../../../../src/core/tags.ts'
import { ATTRIBUTES, DAY_MS, randomBytes, TestBucket, uploadOf } from '../../../support/bucket.ts'
import { problemsOf } from '../../../support/check.ts'
import { fsckAll } from '../../../support/fsck.ts'
import { allowSmallParts, multipart } from '../../../support/full-bucket.ts'

const RED: TagSet = [{ key: 'colour', value: 'red' }]
const BLUE: TagSet = [{ key: 'colour', value: 'blue' }]

const rule = (days: number, filter?: LifecycleFilter, prefix = ''): LifecycleRule => ({
  id: `after ${days}`,
  enabled: true,
  prefix,
  ...(filter && { filter }),
  expiration: { ageSeconds: days * 86_400 },
})

/** A bucket whose clock stands at midnight (UTC), when ages in whole days end. */
async function bucketAtMidnight(...rules: LifecycleRule[]): Promise<TestBucket> {
  const bucket = await TestBucket.create()
  bucket.nowMs = Math.ceil(bucket.nowMs / DAY_MS) * DAY_MS
  await setRules(bucket, ...rules)
  return bucket
}

const setRules = (bucket: TestBucket, ...rules: LifecycleRule[]) => bucket.store.putSetting(bucket.ref, 'lifecycle', rules)
const putTagged = (bucket: TestBucket, key: string, tags: TagSet, size = 10) =>
  bucket.store.putObject(bucket.at(key), uploadOf(randomBytes(size)), { ...ATTRIBUTES, tags })
const keysIn = async (bucket: TestBucket): Promise<string[]> =>
  (await bucket.store.listObjects(bucket.ref, { prefix: '', limit: 1000 })).items.map(({ key }) => key)
const dueOf = async (bucket: TestBucket, key: string) => (await bucket.query('SELECT due_ms FROM objects WHERE key = ?', key))[0]?.due_ms

const sound = async (bucket: TestBucket) => {
  expect(await problemsOf(bucket)).toEqual([])
  expect(await fsckAll(bucket.store, bucket.ref)).toEqual([])
}

describe('a rule that filters', () => {
  test('by tag and prefix deletes the objects that have both', async () => {
    const bucket = await bucketAtMidnight(rule(1, { tags: RED }, 'a/'))
    await putTagged(bucket, 'a/red', [...RED, { key: 'other', value: '' }])
    await putTagged(bucket, 'a/blue', BLUE)
    await putTagged(bucket, 'b/red', RED)
    await bucket.put('a/bare', 10)
    await bucket.pass(DAY_MS)
    expect(await keysIn(bucket)).toEqual(['a/bare', 'a/blue', 'b/red'])
    await sound(bucket)
  })

  test('by size deletes the objects between its bounds', async () => {
    const bucket = await bucketAtMidnight(rule(1, { sizeGreaterThan: 10, sizeLessThan: 1000 }))
    for (const size of [0, 10, 11, 999, 1000]) await bucket.put(`${size}`, size)
    await bucket.pass(DAY_MS)
    expect(await keysIn(bucket)).toEqual(['0', '10', '1000'])
    await sound(bucket)
  })

  test('governs what was there before it, and stops when it goes', async () => {
    const bucket = await bucketAtMidnight()
    await putTagged(bucket, 'red', RED)
    await putTagged(bucket, 'blue', BLUE)
    await setRules(bucket, rule(3, { tags: RED }))
    await bucket.pass()
    expect([await dueOf(bucket, 'red'), await dueOf(bucket, 'blue')]).toEqual([bucket.nowMs + 3 * DAY_MS, null])
    await setRules(bucket, rule(3, { tags: BLUE }))
    await bucket.pass()
    expect([await dueOf(bucket, 'red'), await dueOf(bucket, 'blue')]).toEqual([null, bucket.nowMs + 3 * DAY_MS])
    await setRules(bucket)
    await bucket.pass()
    expect([await dueOf(bucket, 'red'), await dueOf(bucket, 'blue')]).toEqual([null, null])
    await sound(bucket)
  })

  test('follows an object through copies and uploads in parts', async () => {
    const restore = allowSmallParts()
    const bucket = await bucketAtMidnight(rule(2, { tags: RED }))
    await putTagged(bucket, 'red', RED)
    const copy = (to: string, options: { taggingDirective?: 'REPLACE'; tags?: TagSet }) =>
      bucket.store.copyObject(bucket.at(to), { at: bucket.at('red') }, { ...ATTRIBUTES, directive: 'COPY', ...options })
    await copy('copied', {})
    await copy('replaced', { taggingDirective: 'REPLACE', tags: BLUE })
    await (await multipart(bucket, 'parts', [50, 60], { tags: RED })).complete()
    await (await multipart(bucket, 'bare parts', [50, 60])).complete()
    await bucket.pass(2 * DAY_MS)
    expect(await keysIn(bucket)).toEqual(['bare parts', 'replaced'])
    await sound(bucket)
    restore()
  })
})

describe('a change of tags', () => {
  test('changes the due date in its own transaction, in both directions', async () => {
    const bucket = await bucketAtMidnight(rule(3, { tags: RED }))
    await bucket.put('a', 10)
    expect(await dueOf(bucket, 'a')).toBeNull()
    await bucket.store.putObjectTags(bucket.at('a'), RED)
    expect(await dueOf(bucket, 'a')).toBe(bucket.nowMs + 3 * DAY_MS)
    expect((await bucket.store.headObject(bucket.at('a'), {})).head.expiration).toMatchObject({ ruleId: 'after 3' })
    await bucket.store.putObjectTags(bucket.at('a'), BLUE)
    expect(await dueOf(bucket, 'a')).toBeNull()
    await bucket.store.putObjectTags(bucket.at('a'), RED)
    await bucket.store.putObjectTags(bucket.at('a'), [])
    await bucket.pass(10 * DAY_MS)
    expect(await keysIn(bucket)).toEqual(['a'])
    await sound(bucket)
  })

  test('sets the alarm: an old object goes at once', async () => {
    const bucket = await bucketAtMidnight(rule(3, { tags: RED }))
    await bucket.put('a', 10)
    await bucket.pass(10 * DAY_MS)
    await bucket.store.putObjectTags(bucket.at('a'), RED)
    expect(await bucket.alarmMs()).toBeLessThanOrEqual(bucket.nowMs)
    await bucket.pass()
    expect(await keysIn(bucket)).toEqual([])
  })

  test('of a locked object is allowed, and the lock postpones the deletion', async () => {
    const bucket = await bucketAtMidnight(rule(1, { tags: RED }))
    await bucket.put('a', 10)
    await bucket.store.putSetting(bucket.ref, 'locks', [
      { id: 'l', enabled: true, prefix: '', condition: { type: 'Age', maxAgeSeconds: 5 * 86_400 } },
    ])
    await bucket.store.putObjectTags(bucket.at('a'), RED)
    expect(await dueOf(bucket, 'a')).toBe(bucket.nowMs + 5 * DAY_MS)
    await bucket.pass(4 * DAY_MS)
    expect(await keysIn(bucket)).toEqual(['a'])
    await bucket.pass(DAY_MS)
    expect(await keysIn(bucket)).toEqual([])
  })
})

test('a due date that does not fit the tags is found and repaired', async () => {
  const bucket = await bucketAtMidnight(rule(3, { tags: RED }))
  await putTagged(bucket, 'red', RED)
  await putTagged(bucket, 'blue', BLUE)
  await bucket.query("UPDATE objects SET due_ms = NULL WHERE key = 'red'")
  await bucket.query("UPDATE objects SET due_ms = 5000000000000 WHERE key = 'blue'")
  const found = await fsckAll(bucket.store, bucket.ref, { repair: true })
  expect(found.map(({ problem, at, repaired }) => [problem, at.key, repaired])).toEqual([
    ['wrong-due-date', 'blue', true],
    ['wrong-due-date', 'red', true],
  ])
  expect([await dueOf(bucket, 'red'), await dueOf(bucket, 'blue')]).toEqual([bucket.nowMs + 3 * DAY_MS, null])
  await sound(bucket)
})
