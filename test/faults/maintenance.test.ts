import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Bucket } from '../../durable-objects/bucket/bucket.ts'
import { rotateTokens } from '../../src/control/rotate-tokens.ts'
import { createToken, TokenFinder } from '../../src/control/tokens.ts'
import { segmentBindings } from '../../src/env.ts'
import { Keyring } from '../../src/segments/keyring.ts'
import { labelOf } from '../../src/segments/label.ts'
import { createSegments } from '../../src/segments/store.ts'
import { createStore, type Store } from '../../src/store/store.ts'
import { env, fakeBlob, GRACE_MS, HOUR_MS, portsWith, secrets, TestBucket, TINY, TINY_SIZES } from '../support/bucket.ts'
import { problemsOf } from '../support/check.ts'
import { exportAll, importAll, lose } from '../support/export.ts'
import { FAULTS, type Fault, Gate, Gone, gatedD1, isRead, type Trap } from '../support/faults.ts'
import { endingOf, gatedPorts } from '../support/faulty.ts'
import { fsckAll } from '../support/fsck.ts'
import { allowSmallParts, fullBucket } from '../support/full-bucket.ts'
import { unindexBucket } from '../support/index-bucket.ts'
import { end, restarted, ringAll } from '../support/instance.ts'

// The tools of operators, and the work by which a bucket keeps itself sound, go wrong once at each of their calls, in every way. In each
// case nothing is lost meanwhile, and a second run succeeds.

let restore: () => void
beforeAll(() => {
  restore = allowSmallParts()
})
afterAll(() => restore())
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => vi.restoreAllMocks())

const NEW_KEY = new Uint8Array(32).fill(7).toBase64()
const ROTATING = new Keyring(NEW_KEY, [env.MASTER_KEY!])
const DURING = { MASTER_KEY: NEW_KEY, OLD_MASTER_KEYS: env.MASTER_KEY! }
const LIMIT_MS = 240_000

type Snapshot = Readonly<Record<string, string>>

async function contents({ store, ref }: TestBucket, keyring = ROTATING): Promise<Snapshot> {
  const reader = TestBucket.absent(portsWith({ segments: createSegments(segmentBindings(env), keyring, { config: TINY }) }), ref)
  const { items } = await store.listObjects(ref, { prefix: '', limit: 1000 })
  return Object.fromEntries(await Promise.all(items.map(async ({ key }) => [key, (await reader.get(key)).toHex()] as const)))
}

/** One of the operators' tools, with a bucket that was made for it. */
interface Chore {
  readonly bucket: TestBucket
  /** Runs the tool from the beginning to the end. */
  readonly act: (store: Store) => Promise<unknown>
  /** Checks what must hold after a disturbed run, whether it ended or not. */
  readonly meanwhile: () => Promise<void>
  /** Checks what must hold after a complete run. */
  readonly done: () => Promise<void>
}

/** Disturbs a chore in every way at each of its calls, and runs it again each time. Returns its calls. */
async function visitEveryCall(prepare: () => Promise<Chore>, keyring = secrets.keyring): Promise<readonly string[]> {
  const calls = await visit(prepare, keyring)
  for (const fault of FAULTS) {
    for (const [at, call] of calls.entries()) if (differs(fault, call)) await visit(prepare, keyring, { fault, at })
  }
  return calls
}

/**
 * These tools stop at the first failure and clean nothing up: so for a read one kind of failure stands for every way in which its answer is
 * missed.
 */
const differs = (fault: Fault, call: string): boolean => !isRead(call) || fault === 'refused' || fault === 'late'

async function visit(prepare: () => Promise<Chore>, keyring: Keyring, trap?: Omit<Trap, 'meanwhile'>): Promise<readonly string[]> {
  const { bucket, act, meanwhile, done } = await prepare()
  const gate = new Gate(trap && { ...trap, meanwhile: () => bucket.pass(2 * HOUR_MS) })
  const ending = await endingOf(gate.client(act(createStore(gatedPorts(gate, {}, keyring)))))
  try {
    if (!trap) expect(ending).toBe('success')
    await meanwhile()
    await act(createStore(gatedPorts(new Gate(), {}, keyring)))
    await done()
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
    expect(await bucket.rows('objects', 'blobs', 'extents', 'parts', 'garbage')).toBe(0)
  } catch (error) {
    throw new Error(`${trap?.fault} at call ${trap?.at} of ${gate.calls.join(' ')}: ${ending}\n${(error as Error).message}`, {
      cause: error,
    })
  }
  return gate.calls
}

/** Damages the bucket in ways that --repair repairs: in the metadata, in the index and among the segments. */
async function damage(bucket: TestBucket): Promise<void> {
  await bucket.query("UPDATE usage SET objects = objects + 1 WHERE storage_class = 'Standard'")
  await bucket.query("UPDATE blobs SET refs = refs + 1 WHERE id = (SELECT blob_id FROM objects WHERE key = 'd1')")
  await bucket.query("INSERT INTO garbage SELECT 4e12, id, tier, 3 FROM blobs WHERE id = (SELECT blob_id FROM objects WHERE key = 'kv')")
  await unindexBucket(env.CONTROL, bucket.ref)
  for (const tier of ['kv', 'd1:0'] as const) {
    const writer = portsWith()
      .segments.tiers.get(tier)!
      .write(fakeBlob(1).id, { bucket: labelOf(bucket.ref, secrets.accountId), deadlineMs: 0 })
    await writer.begin(3)
    await writer.append(new Uint8Array(3))
    await writer.finish()
  }
}
const DAMAGES = ['garbage-in-use', 'not-in-index', 'orphan-segment', 'orphan-segment', 'wrong-references', 'wrong-usage']

/** A bucket with an object in each tier: small, since every visit makes a new one. */
async function smallBucket(): Promise<TestBucket> {
  const bucket = await TestBucket.create()
  for (const [key, size] of Object.entries(TINY_SIZES)) await bucket.put(key, size)
  await bucket.pass(HOUR_MS)
  return bucket
}

describe('if any of its calls goes wrong in any way, nothing is lost and a second run succeeds:', () => {
  test(
    'fsck --deep of a damaged bucket',
    async () => {
      const prepare = async (): Promise<Chore> => {
        const bucket = await smallBucket()
        const before = await contents(bucket)
        await damage(bucket)
        return {
          bucket,
          act: async (store) => {
            const found = await fsckAll(store, bucket.ref, { deep: true })
            expect(found.map(({ problem }) => problem).sort()).toEqual(DAMAGES)
          },
          meanwhile: async () => expect(await contents(bucket)).toEqual(before),
          done: async () => {
            await fsckAll(bucket.store, bucket.ref, { repair: true })
            expect(await problemsOf(bucket)).toEqual([])
          },
        }
      }
      const calls = await visitEveryCall(prepare)
      for (const call of ['bucket.check', 'bucket.listBlobs', 'kv.get', 'd1.all']) expect(calls).toContain(call)
    },
    LIMIT_MS,
  )

  test(
    'fsck --repair',
    async () => {
      const prepare = async (): Promise<Chore> => {
        const bucket = await smallBucket()
        const before = await contents(bucket)
        await damage(bucket)
        return {
          bucket,
          act: (store) => fsckAll(store, bucket.ref, { repair: true }),
          meanwhile: async () => expect(await contents(bucket)).toEqual(before),
          done: async () => {
            expect(await fsckAll(bucket.store, bucket.ref)).toEqual([])
            expect(await problemsOf(bucket)).toEqual([])
            expect(await contents(bucket)).toEqual(before)
          },
        }
      }
      const calls = await visitEveryCall(prepare)
      for (const call of ['bucket.check', 'bucket.reindex', 'kv.delete', 'd1.batch']) expect(calls).toContain(call)
    },
    LIMIT_MS,
  )

  test(
    'an export',
    async () => {
      const prepare = async (): Promise<Chore> => {
        const bucket = await fullBucket()
        await bucket.pass(HOUR_MS)
        const lines = async (store: Store) => (await exportAll({ ref: bucket.ref, store })).join('').split('\n').slice(1)
        const expected = await lines(bucket.store)
        return {
          bucket,
          act: async (store) => expect(await lines(store)).toEqual(expected),
          meanwhile: async () => expect(await problemsOf(bucket)).toEqual([]),
          done: async () => expect(await problemsOf(bucket)).toEqual([]),
        }
      }
      expect(await visitEveryCall(prepare)).toContain('bucket.exportPage')
    },
    LIMIT_MS,
  )

  test(
    'an import',
    async () => {
      const prepare = async (): Promise<Chore> => {
        const bucket = await fullBucket()
        // Garbage that waits for its sweep would become an orphan when the bucket is lost.
        for (const ms of [2 * HOUR_MS, 2 * HOUR_MS]) await bucket.pass(ms)
        const [before, usage] = [await contents(bucket), await bucket.api.usage()]
        const text = (await exportAll(bucket)).join('')
        await lose(bucket)
        return {
          bucket,
          act: (store) => importAll({ ref: bucket.ref, store }, text, 12),
          // A read of a body fails while some of its extents are not imported yet.
          meanwhile: async () => {
            for (const [key, bytes] of Object.entries(before)) {
              const found = await bucket.get(key).catch(() => null)
              expect([bytes, undefined]).toContain(found?.toHex())
            }
          },
          done: async () => {
            expect(await contents(bucket)).toEqual(before)
            expect(await bucket.api.usage()).toEqual(usage)
            expect(await fsckAll(bucket.store, bucket.ref)).toEqual([])
            expect(await problemsOf(bucket)).toEqual([])
          },
        }
      }
      const calls = await visitEveryCall(prepare)
      expect(calls.length).toBeGreaterThan(2)
      expect(new Set(calls)).toEqual(new Set(['bucket.importLines']))
    },
    LIMIT_MS,
  )

  test(
    'a walk that rotates keys',
    async () => {
      const prepare = async (): Promise<Chore> => {
        const bucket = await smallBucket()
        const before = await contents(bucket)
        return {
          bucket,
          act: async (store) => {
            for (let after: string | undefined; ; ) {
              after = (await store.rotateKeys(bucket.ref, after)).next
              if (after === undefined) return
            }
          },
          meanwhile: async () => expect(await contents(bucket)).toEqual(before),
          done: async () => {
            expect(await contents(bucket, new Keyring(NEW_KEY))).toEqual(before)
            expect(await problemsOf(bucket)).toEqual([])
          },
        }
      }
      expect(await visitEveryCall(prepare, ROTATING)).toEqual(['bucket.listBlobs', 'bucket.rewrapKeys'])
    },
    LIMIT_MS,
  )
})

/** Lets the alarm rotate keys; each data key that it wraps passes a gate. Returns whether the alarm ended. */
async function rotateInBackground(bucket: TestBucket, gate: Gate): Promise<boolean> {
  const rewrap = Keyring.prototype.rewrapDataKey
  const spy = vi.spyOn(Keyring.prototype, 'rewrapDataKey').mockImplementation(function (this: Keyring, ...args) {
    return gate.pass('rewrap', () => rewrap.apply(this, args))
  })
  const ring = (instance: Bucket, state: DurableObjectState) => {
    crash = () => state.abort('A crash')
    return ringAll(bucket, 60_000, instance, state)
  }
  try {
    await restarted(bucket, DURING, ring)
    return true
  } catch (error) {
    if (!/A crash/.test(String(error))) throw error
    await bucket.setClock()
    return false
  } finally {
    spy.mockRestore()
  }
}
let crash = () => {}

test(
  'a rotation in the background continues after a disturbance, and disturbs no client',
  async () => {
    const bucket = await TestBucket.create()
    for (const fault of FAULTS) {
      for (const at of [0, 1, 2]) {
        for (const [key, size] of Object.entries(TINY_SIZES)) await bucket.put(key, size)
        const meanwhile = async () => {
          await bucket.put('meanwhile', TINY_SIZES.kv)
          await bucket.store.deleteObject(bucket.at('d1'))
        }
        const gate = new Gate({ fault, at, meanwhile, end: () => crash() })
        const through = await rotateInBackground(bucket, gate)
        expect(through, `${fault} at ${at}`).toBe(!fault.startsWith('gone'))
        const before = await contents(bucket)
        expect(await problemsOf(bucket)).toEqual([])
        // One instance rotates while another one stores a blob under the old key: the next instance notices that blob.
        for (const _ of [1, 2]) expect(await rotateInBackground(bucket, new Gate())).toBe(true)
        const afterwards = fault === 'late' ? ROTATING : new Keyring(NEW_KEY)
        expect(await contents(bucket, afterwards), `${fault} at ${at}`).toEqual(before)
        expect(await problemsOf(bucket)).toEqual([])
        await end(bucket)
        await bucket.empty()
        await bucket.pass(GRACE_MS)
        expect(await bucket.segments()).toEqual([])
        // As if the bucket had never been under the new key.
        await bucket.query("DELETE FROM config WHERE name IN ('keys', 'canary')")
        await end(bucket)
      }
    }
  },
  LIMIT_MS,
)

test('a walk that seals tokens again may be disturbed at any of its calls, and tokens work all the time', async () => {
  const during = { ...secrets, keyring: ROTATING }
  const rotate = async (gate: Gate) => rotateTokens(gatedD1(env.CONTROL, gate), during)
  const visitTokens = async (trap?: Trap) => {
    const id = crypto.randomUUID().replaceAll('-', '')
    await createToken(env.CONTROL, secrets, { id, value: `value of ${id}`, name: 'n', policies: [] }, 0)
    const gate = new Gate(trap)
    await gate.client(rotate(gate)).catch((error) => expect(error instanceof Gone || trap !== undefined).toBe(true))
    expect(await new TokenFinder(during).find(env.CONTROL, id, 0)).not.toBe(null)
    await rotate(new Gate())
    expect(await new TokenFinder({ ...secrets, keyring: new Keyring(NEW_KEY) }).find(env.CONTROL, id, 0)).not.toBe(null)
    return gate.calls
  }
  const calls = await visitTokens()
  // The canary of the master key first, then the tokens.
  expect(calls).toEqual(['d1.first', 'd1.all', 'd1.batch'])
  for (const fault of FAULTS) for (const at of calls.keys()) await visitTokens({ fault, at })
})
