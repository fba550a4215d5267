import { beforeEach, describe, expect, test, vi } from 'vitest'
import { listAudit } from '../../src/control/audit.ts'
import {
  attachDomain,
  type DomainManager,
  getDomain,
  managedDomain,
  removeDomain,
  setManagedDomain,
  updateDomain,
} from '../../src/control/domain-registry.ts'
import {
  DOMAIN_CACHE_MS,
  DOMAIN_OUTAGE_MS,
  findDomain,
  forgetDomains,
  isFirstSeen,
  listCustomDomains,
  noteSeen,
} from '../../src/control/domains.ts'
import type { Actor } from '../../src/core/audit.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { BucketRef } from '../../src/core/object.ts'
import { env, TestBucket } from '../support/bucket.ts'
import { countingEnv } from '../support/counting.ts'
import { indexBucket } from '../support/index-bucket.ts'

const BY: Actor = { tokenId: 'f'.repeat(32), tokenName: 'tester', face: 'API', method: 'PUT', path: '/x' }
const NOW = 1_800_000_000_000
const manager = (nowMs = NOW): DomainManager => ({ db: env.CONTROL, auditMs: 1e12, by: BY, nowMs })
const domain = (host: string) => ({ host, enabled: true, minTls: '1.2', zoneId: 'e'.repeat(32) }) as const

async function newBucket() {
  const bucket = await TestBucket.create()
  return { bucket, info: await bucket.store.headBucket(bucket.ref) }
}

beforeEach(() => forgetDomains(env.CONTROL))

const code = (wanted: string) => expect.objectContaining({ code: wanted })
const actionsOf = async ({ name }: BucketRef) => {
  const log = await listAudit(env.CONTROL, { filters: [{ field: 'resourceId', values: [name] }], ascending: true, limit: 100 })
  return log.map(({ action, oldValue, newValue }) => ({ action, oldValue, newValue }))
}

describe('a managed URL', () => {
  test('has a random id that stays, and is switched off at first', async () => {
    const [a, b] = [await newBucket(), await newBucket()]
    const first = await managedDomain(env.CONTROL, a.info, NOW)
    expect(first).toMatchObject({ host: expect.stringMatching(/^[0-9a-f]{32}$/), kind: 'managed', enabled: false, bucket: a.bucket.ref })
    expect((await managedDomain(env.CONTROL, a.info, NOW + 1)).host).toBe(first.host)
    expect((await managedDomain(env.CONTROL, b.info, NOW)).host).not.toBe(first.host)
    expect((await setManagedDomain(manager(), a.info, true)).host).toBe(first.host)
  })

  test('is one, whoever asks first', async () => {
    const { info } = await newBucket()
    const ids = await Promise.all(Array.from({ length: 5 }, () => managedDomain(env.CONTROL, info, NOW)))
    expect(new Set(ids.map(({ host }) => host)).size).toBe(1)
  })

  test('is switched on and off, and the log says so; no change is no entry', async () => {
    const { bucket, info } = await newBucket()
    for (const enabled of [true, true, false]) expect((await setManagedDomain(manager(), info, enabled)).enabled).toBe(enabled)
    expect((await actionsOf(bucket.ref)).slice(1)).toMatchObject([
      { action: 'ChangeBucketVisibility', oldValue: { enabled: false }, newValue: { enabled: true } },
      { action: 'ChangeBucketVisibility', oldValue: { enabled: true }, newValue: { enabled: false } },
    ])
  })
})

describe('a custom domain', () => {
  test('is attached, changed in part and removed, each with an entry in the log', async () => {
    const { bucket, info } = await newBucket()
    await attachDomain(manager(), info, domain('a.example'))
    expect(await updateDomain(manager(), info, 'a.example', { minTls: '1.3' })).toMatchObject({ enabled: true, minTls: '1.3' })
    expect(await updateDomain(manager(), info, 'a.example', { enabled: false, ciphers: ['AES128-SHA'] })).toMatchObject({
      enabled: false,
      minTls: '1.3',
      ciphers: ['AES128-SHA'],
    })
    await removeDomain(manager(), info, 'a.example')
    expect(await listCustomDomains(env.CONTROL, info)).toEqual([])
    expect((await actionsOf(bucket.ref)).slice(1)).toMatchObject([
      { action: 'AddCustomDomain', newValue: { domain: 'a.example', minTls: '1.2' } },
      { action: 'UpdateCustomDomain', oldValue: { minTls: '1.2' }, newValue: { enabled: true, minTls: '1.3' } },
      { action: 'UpdateCustomDomain', newValue: { enabled: false } },
      { action: 'RemoveCustomDomain', oldValue: { domain: 'a.example' } },
    ])
  })

  test('is attached once in the account', async () => {
    const [a, b] = [await newBucket(), await newBucket()]
    await attachDomain(manager(), a.info, domain('once.example'))
    for (const { bucket, info } of [a, b]) {
      await expect(attachDomain(manager(), info, domain('once.example'))).rejects.toEqual(code('DomainInUse'))
      expect((await actionsOf(bucket.ref)).filter(({ action }) => action === 'AddCustomDomain')).toHaveLength(bucket === a.bucket ? 1 : 0)
    }
    await removeDomain(manager(), a.info, 'once.example')
    await attachDomain(manager(), b.info, domain('once.example'))
  })

  test('of another bucket is none of this one', async () => {
    const [a, b] = [await newBucket(), await newBucket()]
    await attachDomain(manager(), a.info, domain('mine.example'))
    await expect(getDomain(env.CONTROL, b.info, 'mine.example')).rejects.toEqual(code('NoSuchDomain'))
    await expect(removeDomain(manager(), b.info, 'mine.example')).rejects.toEqual(code('NoSuchDomain'))
    await expect(updateDomain(manager(), b.info, 'mine.example', { enabled: false })).rejects.toEqual(code('NoSuchDomain'))
    expect((await getDomain(env.CONTROL, a.info, 'mine.example')).enabled).toBe(true)
    const { host } = await managedDomain(env.CONTROL, a.info, NOW)
    await expect(removeDomain(manager(), a.info, host)).rejects.toEqual(code('NoSuchDomain'))
  })

  test(`there are ${LIMITS.customDomains} for a bucket, beside its managed URL`, async () => {
    const { info } = await newBucket()
    await managedDomain(env.CONTROL, info, NOW)
    for (let i = 0; i < LIMITS.customDomains; i++) await attachDomain(manager(), info, domain(`n${i}.many.example`))
    await expect(attachDomain(manager(), info, domain('more.many.example'))).rejects.toEqual(code('TooManyDomains'))
    expect(await listCustomDomains(env.CONTROL, info)).toHaveLength(LIMITS.customDomains)
  })

  test('was seen when a request came, and over TLS when one came that way', async () => {
    const { info } = await newBucket()
    const attached = await attachDomain(manager(), info, domain('seen.example'))
    expect([isFirstSeen(attached, false), isFirstSeen(attached, true)]).toEqual([true, true])
    await noteSeen(env.CONTROL, attached, false, NOW + 1)
    const seen = await getDomain(env.CONTROL, info, 'seen.example')
    expect([seen.seenMs, seen.seenTlsMs, isFirstSeen(seen, false), isFirstSeen(seen, true)]).toEqual([NOW + 1, undefined, false, true])
    await noteSeen(env.CONTROL, seen, true, NOW + 2)
    const both = await getDomain(env.CONTROL, info, 'seen.example')
    expect([both.seenMs, both.seenTlsMs, isFirstSeen(both, true)]).toEqual([NOW + 1, NOW + 2, false])
  })
})

describe('a bucket that is deleted', () => {
  test('takes its domains along, and one that is made anew has none', async () => {
    const { bucket, info } = await newBucket()
    await attachDomain(manager(), info, domain('gone.example'))
    const { host } = await setManagedDomain(manager(), info, true)
    expect(await findDomain(env.CONTROL, host, NOW)).not.toBeNull()
    await bucket.store.deleteBucket(bucket.ref)
    expect([await findDomain(env.CONTROL, host, NOW), await findDomain(env.CONTROL, 'gone.example', NOW)]).toEqual([null, null])
    bucket.nowMs += 1
    await bucket.setClock()
    await bucket.store.createBucket(bucket.ref, {})
    const anew = await bucket.store.headBucket(bucket.ref)
    expect(await listCustomDomains(env.CONTROL, anew)).toEqual([])
    const managed = await managedDomain(env.CONTROL, anew, NOW)
    expect([managed.host === host, managed.enabled]).toEqual([false, false])
  })

  test('gets no domain any more, nor does the one that is made anew by a request that saw the old', async () => {
    const { bucket, info } = await newBucket()
    await bucket.store.deleteBucket(bucket.ref)
    await expect(attachDomain(manager(), info, domain('late.example'))).rejects.toEqual(code('ServiceUnavailable'))
    bucket.nowMs += 1
    await bucket.setClock()
    await bucket.store.createBucket(bucket.ref, {})
    await expect(attachDomain(manager(), info, domain('late.example'))).rejects.toEqual(code('ServiceUnavailable'))
    await expect(managedDomain(env.CONTROL, info, NOW)).rejects.toEqual(code('ServiceUnavailable'))
    expect(await findDomain(env.CONTROL, 'late.example', NOW)).toBeNull()
  })

  test('leaves nothing to its successor even if the database was down for all of that time', async () => {
    const { bucket, info } = await newBucket()
    await attachDomain(manager(), info, domain('outage.example'))
    // As if the removal had never come this far: the index still has the old bucket when the new one is written to it.
    await indexBucket(env.CONTROL, { ...bucket.ref, createdMs: info.createdMs + 5, storageClass: 'Standard' })
    expect(await findDomain(env.CONTROL, 'outage.example', NOW)).toBeNull()
  })
})

describe('the look-up of a host', () => {
  test('is one read for half a minute, for hosts that nobody attached too', async () => {
    const counting = countingEnv(env)
    const find = (nowMs: number) => findDomain(counting.env.CONTROL, 'nobody.example', nowMs)
    for (const nowMs of [NOW, NOW + 1, NOW + DOMAIN_CACHE_MS - 1]) expect(await find(nowMs)).toBeNull()
    expect(counting.take().d1).toBe(1)
    await find(NOW + DOMAIN_CACHE_MS)
    expect(counting.take().d1).toBe(1)
  })

  test('remembers hosts that nobody attached within bounds', async () => {
    const first = vi.fn(async () => null)
    const db = { prepare: () => ({ bind: () => ({ first }) }) } as unknown as D1Database
    for (let i = 0; i < 3000; i++) await findDomain(db, `h${i}.example`, NOW)
    expect(first).toHaveBeenCalledTimes(3000)
    await findDomain(db, 'h2999.example', NOW)
    expect(first).toHaveBeenCalledTimes(3000)
    await findDomain(db, 'h0.example', NOW)
    expect(first).toHaveBeenCalledTimes(3001)
  })

  test('keeps an attached host however many others are asked for', async () => {
    const { info } = await newBucket()
    await attachDomain(manager(), info, domain('kept.example'))
    const nobody = { first: vi.fn(async () => null) }
    const bind = (sql: string) => (host: string) => (host === 'kept.example' ? env.CONTROL.prepare(sql).bind(host) : nobody)
    const prepare = vi.fn((sql: string) => ({ bind: bind(sql) }))
    const db = { prepare } as unknown as D1Database
    expect(await findDomain(db, 'kept.example', NOW)).not.toBeNull()
    for (let i = 0; i < 5000; i++) await findDomain(db, `${'h'.repeat(60)}.${i}.example`, NOW)
    expect(prepare).toHaveBeenCalledTimes(5001)
    expect(await findDomain(db, 'kept.example', NOW)).not.toBeNull()
    expect(prepare).toHaveBeenCalledTimes(5001)
  })

  test('is none for a text that is no host name and no id', async () => {
    const counting = countingEnv(env)
    for (const host of ['', 'localhost', 'a_b.example', `${'a.'.repeat(127)}example`, 'x'.repeat(100_000), 'A'.repeat(32), '1.2.3.4']) {
      expect(await findDomain(counting.env.CONTROL, host, NOW)).toBeNull()
    }
    expect(counting.take().d1).toBe(0)
  })

  test('remembers nothing that was read before a change of this isolate and arrives behind it', async () => {
    const { info } = await newBucket()
    await attachDomain(manager(), info, domain('raced.example'))
    const late = findDomain(env.CONTROL, 'raced.example', NOW)
    const forgotten = updateDomain(manager(), info, 'raced.example', { enabled: false })
    await Promise.all([late, forgotten])
    expect((await findDomain(env.CONTROL, 'raced.example', NOW))!.enabled).toBe(false)
  })

  test('goes on with what it knew while the database is down', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const { info } = await newBucket()
    await attachDomain(manager(), info, domain('down.example'))
    let down = false
    const prepare = (sql: string) => (down ? expect.fail('D1 is down') : env.CONTROL.prepare(sql))
    const db = { prepare } as unknown as D1Database
    await findDomain(db, 'down.example', NOW)
    down = true
    expect(await findDomain(db, 'down.example', NOW + DOMAIN_CACHE_MS)).toMatchObject({ host: 'down.example' })
    const end = NOW + DOMAIN_CACHE_MS + DOMAIN_OUTAGE_MS
    expect(await findDomain(db, 'down.example', end - 1)).not.toBeNull()
    for (const host of ['down.example', 'unknown.example']) {
      await expect(findDomain(db, host, end)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    }
  })
})
