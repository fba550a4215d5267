import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GRACE_MS, TestBucket } from '../../support/bucket.ts'

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const EXPIRED = { id: 'old', enabled: true, prefix: 'old', expiration: { ageSeconds: 1 } }

test('a chore that fails keeps no other one from running, and runs again a minute later', async () => {
  const bucket = await TestBucket.create()
  await bucket.store.putSetting(bucket.ref, 'lifecycle', [EXPIRED])
  await bucket.put('old', 250)
  await bucket.put('dead', 250)
  await bucket.store.deleteObjects(bucket.ref, ['dead'])
  await bucket.query("CREATE TRIGGER stuck BEFORE DELETE ON objects BEGIN SELECT RAISE(ABORT, 'a row that cannot be deleted'); END")
  bucket.nowMs += GRACE_MS
  await bucket.ring()
  expect(await bucket.rows('garbage')).toBe(0)
  expect(await bucket.rows('objects')).toBe(1)
  const alarmMs = await bucket.run((_, { storage }) => storage.getAlarm())
  expect(alarmMs).toBe(bucket.nowMs + 60_000)
  await bucket.query('DROP TRIGGER stuck')
  bucket.nowMs += 60_000
  await bucket.ring()
  expect(await bucket.rows('objects')).toBe(0)
})
