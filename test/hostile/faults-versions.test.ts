import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DeploymentGuard, resealCanary, SCHEMAS } from '../../src/control/deployment.ts'
import { createToken } from '../../src/control/tokens.ts'
import type { Env } from '../../src/env.ts'
import { handle } from '../../src/gateway.ts'
import { Keyring } from '../../src/segments/keyring.ts'
import { commitFake, env, fakeBlob, secrets, TestBucket, TINY_SIZES } from '../support/bucket.ts'
import { restarted } from '../support/instance.ts'
import { ROOT, signedRequest } from '../support/s3.ts'

// Versions of the code that meet tables of a newer one, or unfinished ones; and another master key.

// Refusals go to the log.
beforeEach(() => {
  for (const level of ['warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {})
})
afterEach(() => vi.restoreAllMocks())

const OTHER = new Uint8Array(32).fill(9).toBase64()
const dump = (bucket: TestBucket) =>
  bucket.run((_, { storage }) => {
    const tables = storage.sql.exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
    )
    return tables.toArray().map(({ name }) => [name, storage.sql.exec(`SELECT * FROM "${name}"`).toArray()])
  })
const setSchema = (bucket: TestBucket, change: number, floor?: number) =>
  bucket.run((_, { storage }) => {
    storage.sql.exec("UPDATE config SET value = value + ? WHERE name = 'schema'", change)
    if (floor !== undefined)
      storage.sql.exec("INSERT INTO config (name, value) SELECT 'compatible_from', value + ? FROM config WHERE name = 'schema'", floor)
  })
const NEWER = { ok: false, code: 'ServiceUnavailable', detail: { message: expect.stringContaining('A newer version of Cairn') } }
const WRONG_KEY = { ok: false, code: 'ServiceUnavailable', detail: { message: expect.stringContaining('LOST_MASTER_KEYS') } }

describe('22: a Bucket whose tables are one version ahead', () => {
  test('answers 503 to everything and changes nothing', async () => {
    const bucket = await TestBucket.create()
    await commitFake(bucket, 'a')
    await setSchema(bucket, 1)
    const before = await dump(bucket)
    await restarted(bucket, {}, async (instance) => {
      const begin = { blobId: fakeBlob(1).id, tier: 'kv', segments: 1, size: 1, target: { key: 'b' } } as const
      const calls = [
        instance.info(),
        instance.usage(),
        instance.lookup({ key: 'a', body: false }),
        instance.begin(begin),
        instance.deleteObjects(['a']),
        instance.listObjects({ prefix: '', limit: 10 }),
        instance.putSetting('cors', []),
        instance.create({ ...bucket.ref, storageClass: 'Standard' }),
        instance.remove(),
        instance.check({ repair: true }),
      ]
      for (const answer of await Promise.all(calls)) expect(answer).toEqual(NEWER)
      await instance.abandon(begin, { deadlineMs: 0 })
      await expect(instance.knownBlobs(['a'])).rejects.toThrow('A newer version')
      await instance.alarm()
    })
    expect(await dump(bucket)).toEqual(before)
    await setSchema(bucket, -1)
    await restarted(bucket, {}, async (instance) => expect(await instance.lookup({ key: 'a', body: false })).toMatchObject({ ok: true }))
  })

  test('is opened when the newer version says that this one may', async () => {
    const bucket = await TestBucket.create()
    await setSchema(bucket, 1, -1)
    await restarted(bucket, {}, async (instance) => expect(await instance.info()).toMatchObject({ ok: true }))
  })
})

describe('22: a Bucket under another master key', () => {
  const begin = () => ({ blobId: fakeBlob(1).id, tier: 'kv', segments: 1, size: 1, target: { key: 'b' } }) as const

  test('seals nothing, and goes on reading, until the key is configured, or said to be lost', async () => {
    const bucket = await TestBucket.create()
    await commitFake(bucket, 'a')
    const before = await dump(bucket)
    await restarted(bucket, { MASTER_KEY: OTHER }, async (instance) => {
      expect(await instance.begin(begin())).toEqual(WRONG_KEY)
      expect(
        await instance.commitObject({ key: 'b', blob: fakeBlob(1, 'inline'), etag: '', httpMetadata: {}, customMetadata: {} }),
      ).toEqual(WRONG_KEY)
      expect(await instance.createUpload({ key: 'b', httpMetadata: {}, customMetadata: {} } as never)).toEqual(WRONG_KEY)
      expect(await instance.lookup({ key: 'a', body: false })).toMatchObject({ ok: true })
    })
    expect(await dump(bucket)).toEqual(before)
    const knowing = { MASTER_KEY: OTHER, OLD_MASTER_KEYS: env.MASTER_KEY }
    await restarted(bucket, knowing, async (instance) => expect(await instance.begin(begin())).toMatchObject({ ok: true }))
    // The canary followed the rotation: the old key is not needed for it any more.
    await restarted(bucket, { MASTER_KEY: OTHER }, async (instance) => expect(await instance.begin(begin())).toMatchObject({ ok: true }))
    const lost = { LOST_MASTER_KEYS: new Keyring(OTHER).keyId }
    await restarted(bucket, lost, async (instance) => expect(await instance.begin(begin())).toMatchObject({ ok: true }))
  })

  test('written by a version without canaries is told by its data keys', async () => {
    const bucket = await TestBucket.create()
    await bucket.put('a', TINY_SIZES.kv)
    const forget = () => bucket.query("DELETE FROM config WHERE name = 'canary'")
    await forget()
    await restarted(bucket, { MASTER_KEY: OTHER }, async (instance) => expect(await instance.begin(begin())).toEqual(WRONG_KEY))
    expect(await bucket.query("SELECT 1 FROM config WHERE name = 'canary'")).toEqual([])
    await restarted(bucket, {}, async (instance) => expect(await instance.begin(begin())).toMatchObject({ ok: true }))
    expect(await bucket.query("SELECT 1 FROM config WHERE name = 'canary'")).toHaveLength(1)
  })

  test('that is empty and has no canary gets one', async () => {
    const bucket = await TestBucket.create()
    await bucket.query("DELETE FROM config WHERE name = 'canary'")
    await restarted(bucket, { MASTER_KEY: OTHER }, async (instance) => expect(await instance.begin(begin())).toMatchObject({ ok: true }))
    await restarted(bucket, {}, async (instance) => expect(await instance.begin(begin())).toEqual(WRONG_KEY))
  })
})

describe('22: a whole Worker with another master key', () => {
  const LIVE = { ...env }
  const WRONG = { ...env, MASTER_KEY: OTHER }
  const ask = async (vars: Env, method: string, path: string, body?: string) =>
    handle(await signedRequest(method, path, { credentials: ROOT, body }), vars)

  test('answers 503 with the reason to whatever would write, and goes on reading', async () => {
    for (const [method, path, body] of [
      ['PUT', '/two-keys'],
      ['PUT', '/two-keys/a', 'x'],
    ] as const) {
      expect((await ask(LIVE, method, path, body)).status).toBe(200)
    }
    for (const [method, path, body] of [
      ['PUT', '/two-keys/a', 'y'],
      ['PUT', '/other-bucket'],
      ['POST', '/two-keys/b?uploads'],
    ] as const) {
      const refused = await ask(WRONG, method, path, body)
      expect([method, path, refused.status]).toEqual([method, path, 503])
      expect(await refused.text()).toContain(`under the master key ${secrets.keyring.keyId}, which is not configured`)
    }
    expect((await ask(WRONG, 'HEAD', '/two-keys/a')).status).toBe(200)
    expect((await ask(WRONG, 'GET', '/two-keys/a')).status).toBe(400)
    expect((await ask(LIVE, 'HEAD', '/other-bucket')).status).toBe(404)
    expect(await (await ask(LIVE, 'GET', '/two-keys/a')).text()).toBe('x')
  })

  test('makes no token either', async () => {
    const headers = { authorization: `Bearer ${env.ROOT_TOKEN}`, 'content-type': 'application/json' }
    const url = `https://cairn.example/client/v4/accounts/${env.ACCOUNT_ID}/tokens`
    const before = await env.CONTROL.prepare('SELECT count(*) AS n FROM tokens').first('n')
    const refused = await handle(new Request(url, { method: 'POST', headers, body: '{}' }), WRONG)
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('LOST_MASTER_KEYS')])
    expect(await env.CONTROL.prepare('SELECT count(*) AS n FROM tokens').first('n')).toBe(before)
  })
})

describe('22: the databases of a deployment', () => {
  const databases = { control: env.CONTROL, segments: env.SEGMENTS }
  const own = { accountId: secrets.accountId, keyring: secrets.keyring, lostKeyIds: [] as string[] }
  const check = (changes: Partial<typeof own> = {}, on = databases) => new DeploymentGuard(on, { ...own, ...changes }).check()
  const canary = async () => (await env.CONTROL.prepare('SELECT * FROM deployment').all()).results

  beforeEach(async () => {
    await env.CONTROL.prepare('DELETE FROM deployment').run()
  })

  test('are those that this code knows', async () => {
    const { CONTROL_MIGRATIONS, SEGMENTS_MIGRATIONS } = env as unknown as Record<string, { name: string }[]>
    const last = (migrations: { name: string }[] = []) => Number(migrations.at(-1)?.name.slice(0, 4))
    expect(SCHEMAS).toEqual({ control: last(CONTROL_MIGRATIONS), segments: last(SEGMENTS_MIGRATIONS) })
  })

  test('of another account, or under another key, are refused and stay as they are', async () => {
    await check()
    const before = await canary()
    await expect(check({ accountId: 'f'.repeat(32) })).rejects.toThrow(`belongs to the deployment ${secrets.accountId}`)
    await expect(check({ keyring: new Keyring(OTHER) })).rejects.toThrow(`under the master key ${secrets.keyring.keyId}`)
    expect(await canary()).toEqual(before)
    await check({ keyring: new Keyring(OTHER), lostKeyIds: [secrets.keyring.keyId] })
    await expect(check()).rejects.toThrow('is not configured')
  })

  test('follow a rotation: by the first write, and by the walk that ends it', async () => {
    const both = new Keyring(OTHER, [env.MASTER_KEY!])
    for (const follow of [() => check({ keyring: both }), () => resealCanary(env.CONTROL, { keyring: both })]) {
      await env.CONTROL.prepare('DELETE FROM deployment').run()
      await check()
      await follow()
      await check({ keyring: new Keyring(OTHER) })
    }
  })

  test('of a version without canaries are told by their tokens', async () => {
    await createToken(env.CONTROL, secrets, { id: 'a'.repeat(32), value: 'x', name: 'x', policies: [] }, Date.now())
    await expect(check({ keyring: new Keyring(OTHER) })).rejects.toThrow(secrets.keyring.keyId)
    expect(await canary()).toEqual([])
    await check()
    expect(await canary()).toHaveLength(1)
    await env.CONTROL.prepare('DELETE FROM tokens').run()
  })

  test('that lack a migration, or are too new, are named', async () => {
    const last = env.CONTROL.prepare('UPDATE d1_migrations SET name = ? WHERE name = ?')
    const known = `${String(SCHEMAS.control).padStart(4, '0')}`
    const { name } = (await env.CONTROL.prepare("SELECT name FROM d1_migrations WHERE name LIKE ? || '%'")
      .bind(known)
      .first<{ name: string }>())!
    await last.bind('0000_gone', name).run()
    await expect(check()).rejects.toThrow(
      /cairn-control lacks migrations.*npm run deploy again; locally, npm start and npm run dev make the tables\./,
    )
    await last.bind('9999_newer', '0000_gone').run()
    await check()
    await env.CONTROL.prepare("UPDATE schema_floor SET compatible_from = 9999 WHERE database = 'control'").run()
    await expect(check()).rejects.toThrow('A newer version of Cairn made the tables of cairn-control (migration 9999')
    await env.CONTROL.prepare("UPDATE schema_floor SET compatible_from = 1 WHERE database = 'control'").run()
    await last.bind(name, '9999_newer').run()
  })

  test('that do not answer stop nobody; once proven they are not asked again', async () => {
    let calls = 0
    const failing = new Proxy(env.CONTROL, {
      get: () => () => {
        calls++
        throw new Error('D1 is away')
      },
    })
    await check({}, { ...databases, control: failing })
    expect(calls).toBeGreaterThan(0)
    const counted = new Proxy(env.CONTROL, {
      get: (db, name) => {
        calls++
        const value = Reflect.get(db, name) as unknown
        return typeof value === 'function' ? value.bind(db) : value
      },
    })
    const guard = new DeploymentGuard({ ...databases, control: counted }, own)
    await guard.check()
    calls = 0
    await guard.check(Date.now() + 86_400_000)
    expect(calls).toBe(0)
  })
})
