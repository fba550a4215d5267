import { expect } from 'vitest'
import { queueBindings } from '../../src/config.ts'
import { StoreError } from '../../src/core/errors.ts'
import type { TagSet } from '../../src/core/tags.ts'
import { segmentBindings } from '../../src/env.ts'
import { createQueues } from '../../src/queues/queues.ts'
import { createSegments } from '../../src/segments/store.ts'
import type { Ports } from '../../src/store/ports.ts'
import { createStore, type Store } from '../../src/store/store.ts'
import { DAY_MS, env, GRACE_MS, HOUR_MS, secrets, sippyPorts, stubOf, TestBucket, TINY } from './bucket.ts'
import { problemsOf } from './check.ts'
import { FAULTS, Gate, Gone, gatedBucket, gatedD1, gatedKv, matters, Outage, type Trap } from './faults.ts'

/** The bucket and the engine that a scenario works with. */
export interface Scene {
  readonly bucket: TestBucket
  /** The engine whose every call passes the gate. */
  readonly store: Store
  readonly gate: Gate
}

/** An object with tags. */
export interface Tagged {
  readonly bytes: Uint8Array
  readonly tags: TagSet
}

/** The bytes under each key of a bucket, and the tags if there are any; absent keys are `null`. */
export type Contents = Readonly<Record<string, Uint8Array | Tagged | null>>

/**
 * One operation that is disturbed at each of its calls. It first puts things in place, undisturbed; then it returns the operation, and the
 * contents before and after it.
 */
export type Scenario = (scene: Scene) => Promise<Arranged>

export interface Arranged {
  readonly before: Contents
  readonly after: Contents
  /** Buckets that the operation reads. */
  readonly other?: readonly TestBucket[]
  readonly act: () => Promise<unknown>
}

/** The engine with a gate in front of the Buckets, KV and D1. */
export function gatedPorts(gate: Gate, changes: Partial<Ports> = {}, keyring = secrets.keyring): Ports {
  const { kv, d1 } = segmentBindings(env)
  const bindings = { kv: gatedKv(kv, gate), d1: d1.map((db) => gatedD1(db, gate)) }
  return {
    bucket: (ref) => gatedBucket(stubOf(ref) as never, gate),
    segments: createSegments(bindings, keyring, { config: TINY, deployment: env.ACCOUNT_ID, sleep: async () => {} }),
    control: gatedD1(env.CONTROL, gate),
    queues: createQueues(queueBindings(env)),
    sippy: sippyPorts(),
    ...changes,
  }
}

/** How a disturbed operation ended for its client. */
export type Ending = 'success' | 'error' | 'gone'

/**
 * Disturbs an operation in every way at each of its calls, and checks everything after each. Returns the calls that it makes.
 * @throws when a call left something that should not be there
 */
export async function visitEveryCall(scenario: Scenario, changes?: (gate: Gate) => Partial<Ports>): Promise<readonly string[]> {
  const bucket = await TestBucket.create() // Each visit leaves it empty.
  const calls = await visit(bucket, scenario, { changes })
  for (const fault of FAULTS) {
    for (const [at, call] of calls.entries()) if (matters(fault, call)) await visit(bucket, scenario, { trap: { fault, at }, changes })
  }
  return calls
}

interface Circumstances {
  readonly trap?: Omit<Trap, 'meanwhile'>
  readonly changes?: (gate: Gate) => Partial<Ports>
}

async function visit(bucket: TestBucket, scenario: Scenario, { trap, changes }: Circumstances): Promise<readonly string[]> {
  const gate = new Gate(trap && { ...trap, meanwhile: () => bucket.pass(2 * HOUR_MS) })
  const store = createStore(gatedPorts(gate, changes?.(gate)))
  const { other = [], ...arranged } = await scenario({ bucket, gate, store })
  const ending = await endingOf(gate.client(arranged.act()))
  try {
    // A client does not notice that the platform made a call twice.
    if (!trap || trap.fault === 'repeated') expect(ending).toBe('success')
    await checkScene([bucket, ...other], arranged, ending)
  } catch (error) {
    throw new Error(`${trap?.fault} at call ${trap?.at} of ${gate.calls.join(' ')}: ${ending}\n${(error as Error).message}`, {
      cause: error,
    })
  }
  return gate.calls
}

/** How an answer looks to a client: success, a clear error that the S3 face can render, or no answer. */
export async function endingOf(work: Promise<unknown>): Promise<Ending> {
  try {
    await work
    return 'success'
  } catch (error) {
    if (error instanceof Gone) return 'gone'
    // An error that is no StoreError must be the platform's: clients get a 500 and retry.
    expect(error instanceof StoreError || error instanceof Outage, String(error)).toBe(true)
    return 'error'
  }
}

async function checkScene(buckets: readonly [TestBucket, ...TestBucket[]], { before, after }: Arranged, ending: Ending): Promise<void> {
  const [bucket] = buckets
  await checkContents(bucket, before, after, ending)
  expect(await problemsOf(...buckets)).toEqual([])
  // First open uploads expire and journalled blobs are swept. Their own garbage is swept after its grace period.
  for (const ms of [8 * DAY_MS, GRACE_MS]) await bucket.pass(ms)
  await checkContents(bucket, before, after, ending)
  expect(await problemsOf(...buckets)).toEqual([])
  expect(await bucket.rows('garbage', 'uploads', 'parts')).toBe(0)
  for (const each of buckets) await discardAll(each)
  expect(await bucket.segments()).toEqual([])
  expect(await bucket.rows('objects', 'blobs', 'extents', 'garbage')).toBe(0)
}

/** Deletes all objects that a listing finds: after that nothing may be left. */
async function discardAll(bucket: TestBucket): Promise<void> {
  const { items } = await bucket.store.listObjects(bucket.ref, { prefix: '', limit: 1000 })
  await bucket.store.deleteObjects(
    bucket.ref,
    items.map(({ key }) => key),
  )
  for (const ms of [GRACE_MS, GRACE_MS]) await bucket.pass(ms)
}

/** Checks that the contents are all new. If the client did not get a success, they may also be all old. */
async function checkContents(bucket: TestBucket, before: Contents, after: Contents, ending: Ending): Promise<void> {
  const found: Record<string, string> = {}
  for (const key of Object.keys(after).sort()) found[key] = await read(bucket, key)
  const { items } = await bucket.store.listObjects(bucket.ref, { prefix: '', limit: 1000 })
  const listed = items.map(({ key }) => key).filter((key) => key in found)
  expect(listed).toEqual(Object.keys(found).filter((key) => found[key] !== 'nothing'))
  const allowed = (ending === 'success' ? [after] : [after, before]).map(hexOf)
  expect(allowed).toContainEqual(found)
}

async function read(bucket: TestBucket, key: string): Promise<string> {
  try {
    return described({ bytes: await bucket.get(key), tags: (await bucket.store.getObjectTags(bucket.at(key))).tags })
  } catch (error) {
    if (error instanceof StoreError && error.code === 'NoSuchKey') return 'nothing'
    throw error
  }
}

const hexOf = (contents: Contents): Record<string, string> =>
  Object.fromEntries(Object.entries(contents).map(([key, object]) => [key, object === null ? 'nothing' : described(object)]))

function described(object: Uint8Array | Tagged): string {
  const { bytes, tags } = object instanceof Uint8Array ? { bytes: object, tags: [] } : object
  return [bytes.toHex(), ...tags.map(({ key, value }) => `${key}=${value}`)].join(' ')
}
