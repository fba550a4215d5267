import { describe, expect, test, vi } from 'vitest'
import { Bucket } from '../../../durable-objects/bucket/bucket.ts'
import { listAudit } from '../../../src/control/audit.ts'
import type { Actor } from '../../../src/core/audit.ts'
import { unwrap } from '../../../src/core/outcome.ts'
import { env, TestBucket } from '../../support/bucket.ts'

const BY: Actor = { tokenId: 'f'.repeat(32), tokenName: 'tester', ip: '192.0.2.1', face: 'API', method: 'PUT', path: '/x' }
const RULE = { allowedOrigins: ['*'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }

const logOf = async (bucket: TestBucket) =>
  listAudit(env.CONTROL, { filters: [{ field: 'resourceId', values: [bucket.ref.name] }], ascending: true, limit: 100 })

describe('the audit log of a bucket', () => {
  test('tells every change of its configuration, old value and new', async () => {
    const bucket = await TestBucket.create()
    bucket.nowMs += 1
    unwrap(await bucket.api.putStorageClass('InfrequentAccess', BY))
    bucket.nowMs += 1
    unwrap(await bucket.api.putSetting('cors', [RULE], BY))
    bucket.nowMs += 1
    unwrap(await bucket.api.putSetting('cors', null, BY))
    bucket.nowMs += 1
    unwrap(await bucket.api.remove(BY))
    const log = await logOf(bucket)
    expect(log.map(({ action }) => action)).toEqual([
      'CreateBucket',
      'PutBucketStorageClass',
      'PutBucketCors',
      'DeleteBucketCors',
      'DeleteBucket',
    ])
    expect(log[1]).toMatchObject({
      by: BY,
      resource: { type: 'r2.bucket', id: bucket.ref.name, jurisdiction: 'default' },
      oldValue: { storageClass: 'Standard' },
      newValue: { storageClass: 'InfrequentAccess' },
    })
    expect(log[2]).toMatchObject({ oldValue: undefined, newValue: [RULE] })
    expect(log[3]).toMatchObject({ oldValue: [RULE], newValue: undefined })
  })

  test('says nothing of what failed, or changed nothing', async () => {
    const bucket = await TestBucket.create()
    unwrap(await bucket.api.putSetting('cors', null, BY))
    expect(await bucket.api.create({ ...bucket.ref, storageClass: 'Standard' }, BY)).toMatchObject({ ok: false })
    expect(await logOf(bucket)).toHaveLength(1)
  })

  test('loses nothing while the database is down, nor when a bucket goes meanwhile', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const bucket = await TestBucket.create()
    const down = { ...env, CONTROL: { prepare: () => expect.fail('D1 is down') } as unknown as D1Database }
    await bucket.run(async (_, state) => {
      const instance = new Bucket(state, down)
      instance.clock = () => bucket.nowMs
      await state.blockConcurrencyWhile(async () => {})
      unwrap(await instance.putSetting('cors', [RULE], BY))
      unwrap(await instance.remove(BY))
    })
    expect(await logOf(bucket)).toHaveLength(1)
    await bucket.setClock()
    await bucket.ring()
    expect((await logOf(bucket)).map(({ action }) => action).sort()).toEqual(['CreateBucket', 'DeleteBucket', 'PutBucketCors'])
  })

  test('forgets what is older than it is kept for', async () => {
    const bucket = await TestBucket.create()
    await env.CONTROL.prepare('UPDATE audit SET when_ms = 0 WHERE resource_id = ?').bind(bucket.ref.name).run()
    unwrap(await bucket.api.putSetting('cors', [RULE], BY))
    expect((await logOf(bucket)).map(({ action }) => action)).toEqual(['PutBucketCors'])
  })
})

test('the first creation of a name decides where its object lives', async () => {
  const bucket = TestBucket.absent()
  expect(await bucket.store.createBucket(bucket.ref, { location: 'weur' })).toMatchObject({ location: 'weur' })
  await bucket.store.deleteBucket(bucket.ref)
  expect(await bucket.store.createBucket(bucket.ref, { location: 'apac' })).toMatchObject({ location: 'weur' })
})
