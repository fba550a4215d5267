import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { createStore } from '../../src/store/store.ts'
import { DAY_MS, GRACE_MS, randomBytes, TINY_SIZES } from '../support/bucket.ts'
import { problemsOf } from '../support/check.ts'
import type { Fault as SourceFault } from '../support/fault-server.ts'
import { FAULTS, Gate, matters } from '../support/faults.ts'
import { endingOf, gatedPorts } from '../support/faulty.ts'
import { sippyBucket } from '../support/sippy.ts'

// Every call of a read that Sippy answers goes wrong once, in every way. The client gets the right bytes or a clear error, which never says
// that there is no such key; the bucket has the whole object or none; and a read after the time of a lost copy copies the object.

const LOST_COPY_MS = 121_000
const LIMIT_MS = 120_000
const OPTIONS = { range: { offset: 3, length: 20 } } as const

interface Read {
  readonly size: number
  /** The source sends no length. */
  readonly chunked?: boolean
  /** The client asks for a piece. */
  readonly piece?: boolean
}

const READS: Record<string, Read> = {
  'a whole object inline': { size: TINY_SIZES.inline },
  'a whole object in D1': { size: TINY_SIZES.d1 },
  'a whole object in KV': { size: TINY_SIZES.kv },
  'a piece of an object': { size: TINY_SIZES.d1, piece: true },
  'an object whose length the source does not tell': { size: TINY_SIZES.d1, chunked: true },
}

beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterAll(() => vi.restoreAllMocks())

/** A bucket with Sippy whose source has one object. */
async function scene({ size, chunked = false }: Read) {
  const bytes = randomBytes(size)
  const faults: SourceFault[] = chunked ? [{ chunked }] : []
  return { bytes, sippy: await sippyBucket({ objects: { a: { base64: Buffer.from(bytes).toString('base64') } }, faults }) }
}

type Sippy = Awaited<ReturnType<typeof sippyBucket>>

/** The bytes that the bucket itself has under the key. */
async function copyIn({ bucket }: Sippy): Promise<Uint8Array | undefined> {
  try {
    const got = await bucket.store.getObject(bucket.at('a'), { forMigration: true })
    return got.kind === 'found' ? new Uint8Array(await new Response(got.body).arrayBuffer()) : undefined
  } catch (error) {
    if (error instanceof StoreError && error.code === 'NoSuchKey') return undefined
    throw error
  }
}

async function visit(read: Read, trap?: { fault: (typeof FAULTS)[number]; at: number }): Promise<readonly string[]> {
  const { bytes, sippy } = await scene(read)
  const { bucket } = sippy
  const gate = new Gate(trap && { ...trap, meanwhile: () => bucket.pass(LOST_COPY_MS) })
  const store = createStore(gatedPorts(gate, { sippy: sippy.ports.sippy }))
  const act = async () => {
    const got = await store.getObject(bucket.at('a'), read.piece ? OPTIONS : {})
    expect(got.kind).toBe('found')
    const body = got.kind === 'found' ? new Uint8Array(await new Response(got.body).arrayBuffer()) : undefined
    expect(body).toEqual(read.piece ? bytes.slice(3, 23) : bytes)
    await sippy.settled()
  }
  const ending = await endingOf(gate.client(notAbsent(act())))
  if (!trap || trap.fault === 'repeated') expect(ending).toBe('success')
  expect([undefined, bytes]).toContainEqual(await copyIn(sippy))
  // A call that the platform makes twice takes the copy once.
  if (!trap || trap.fault === 'repeated') expect(await copyIn(sippy)).toEqual(bytes)
  await checkLater(sippy, bytes)
  return gate.calls
}

/** Fails the test if a failure looks as if the object did not exist. */
async function notAbsent(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (error instanceof StoreError && error.code === 'NoSuchKey')
      throw new Error('An object of the source looked absent', { cause: error })
    throw error
  }
}

/** The next read copies, and nothing is left of the copy that went wrong. */
async function checkLater(sippy: Sippy, bytes: Uint8Array): Promise<void> {
  const { bucket } = sippy
  await bucket.pass(LOST_COPY_MS)
  const again = await bucket.store.getObject(bucket.at('a'), {})
  expect(again.kind === 'found' && new Uint8Array(await new Response(again.body).arrayBuffer())).toEqual(bytes)
  for (let looks = 0; looks < 100 && !(await sippy.has('a')); looks++) await scheduler.wait(20)
  expect(await copyIn(sippy)).toEqual(bytes)
  expect(await problemsOf(bucket)).toEqual([])
  await bucket.store.deleteObjects(bucket.ref, ['a'])
  for (const ms of [8 * DAY_MS, GRACE_MS, GRACE_MS]) await bucket.pass(ms)
  expect(await bucket.segments()).toEqual([])
  expect(await bucket.rows('objects', 'blobs', 'extents', 'garbage', 'uploads', 'parts', 'sippy_copies')).toBe(0)
}

describe('if any of its calls goes wrong in any way, Sippy loses nothing and leaves nothing behind of', () => {
  test.each(Object.entries(READS))(
    '%s',
    async (_, read) => {
      const calls = await visit(read)
      expect(calls).toContain('bucket.takeCopy')
      for (const fault of FAULTS) {
        for (const [at, call] of calls.entries()) {
          if (!matters(fault, call)) continue
          await visit(read, { fault, at }).catch((error: Error) => {
            throw new Error(`${fault} at call ${at} of ${calls.join(' ')}: ${error.message}`, { cause: error })
          })
        }
      }
    },
    LIMIT_MS,
  )
})
