import { beforeEach, describe, expect, test } from 'vitest'
import { AUDITED } from '../../src/core/audit.ts'
import { type BucketSettings, SETTINGS, type SettingName } from '../../src/core/settings.ts'
import { TestBucket } from '../support/bucket.ts'

const SAMPLES: BucketSettings = {
  cors: [{ allowedOrigins: ['*'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }],
  lifecycle: [{ id: 'r', enabled: true, prefix: 'logs/', expiration: { ageSeconds: 86_400 } }],
  locks: [{ id: 'l', enabled: true, prefix: 'kept/', condition: { type: 'Indefinite' } }],
  notifications: [
    {
      queueId: 'q',
      queueName: 'queue',
      rules: [{ ruleId: 'n', createdMs: 1, prefix: '', suffix: '', actions: ['PutObject'] }],
    },
  ],
  localUploads: { enabled: true },
  tags: [{ key: 'team', value: 'red' }],
}
const NAMES = Object.keys(SETTINGS) as SettingName[]

let bucket: TestBucket
beforeEach(async () => {
  bucket = await TestBucket.create()
})

/** What a bucket answers that does not have the setting. */
async function expectAbsent(name: SettingName, value: unknown = SETTINGS[name].initial): Promise<void> {
  const asked = bucket.store.getSetting(bucket.ref, name)
  if (value === undefined) await expect(asked).rejects.toMatchObject({ code: SETTINGS[name].missing })
  else expect(await asked).toEqual(value)
}

describe.each(NAMES)('%s', (name) => {
  const row = SETTINGS[name]

  test('has a value or an error before it is set, is kept, and is gone when it is deleted', async () => {
    await expectAbsent(name)
    await bucket.store.putSetting(bucket.ref, name, SAMPLES[name])
    expect(await bucket.store.getSetting(bucket.ref, name)).toEqual(SAMPLES[name])
    await bucket.store.deleteSetting(bucket.ref, name)
    await expectAbsent(name, row.deleted ?? row.initial)
  })

  test('has an initial value or an error, and not both', () => expect(row.initial === undefined).toBe(row.missing !== undefined))

  test('is under its own name in the table, and its changes are in the audit log', () => {
    expect(row.name).toBe(name)
    expect([AUDITED[row.actions.put], AUDITED[row.actions.delete]]).toEqual(['update', 'delete'])
  })

  test('is not there in a bucket that is not there', async () => {
    const absent = { ...bucket.ref, name: 'never-created' }
    await expect(bucket.store.getSetting(absent, name)).rejects.toMatchObject({ code: 'NoSuchBucket' })
    await expect(bucket.store.putSetting(absent, name, SAMPLES[name])).rejects.toMatchObject({ code: 'NoSuchBucket' })
    await expect(bucket.store.deleteSetting(absent, name)).rejects.toMatchObject({ code: 'NoSuchBucket' })
  })

  test('ends with its bucket', async () => {
    await bucket.store.putSetting(bucket.ref, name, SAMPLES[name])
    if (row.keepsBucket !== undefined) {
      await expect(bucket.store.deleteBucket(bucket.ref)).rejects.toMatchObject({ code: 'BucketNotEmpty', message: row.keepsBucket })
      await bucket.store.deleteSetting(bucket.ref, name)
    }
    await bucket.store.deleteBucket(bucket.ref)
    await bucket.store.createBucket(bucket.ref, {})
    await expectAbsent(name)
  })
})
