import { describe, expect, test } from 'vitest'
import { unwrap } from '../../../src/core/outcome.ts'
import type { SippyCursor, SippyStep } from '../../../src/store/sippy/step.ts'
import { patternByte } from '../../support/fault-server.ts'
import { sippyBucket } from '../../support/sippy.ts'

const MIB = 1024 * 1024
/** Above the limit of a request, and above that of one piece. */
const LARGE = 65 * MIB
const IN_PARTS = 201 * MIB

type Sippy = Awaited<ReturnType<typeof sippyBucket>>

/** Reads the first bytes of an object, as a client that goes away. */
async function touch({ bucket, settled }: Sippy, key: string): Promise<void> {
  const got = await bucket.store.getObject(bucket.at(key), { range: { offset: 0, length: 10 } })
  if (got.kind === 'found' && got.body instanceof ReadableStream) await got.body.cancel()
  await settled()
}

/** Runs the job to its end; returns its steps. */
async function run({ bucket, started }: Sippy, most = 30): Promise<SippyStep[]> {
  const steps: SippyStep[] = []
  let cursor: SippyCursor | 'search' | undefined
  do {
    const step = await bucket.store.sippyStep(bucket.ref, started[0]!, cursor)
    steps.push(step)
    cursor = step.next
  } while (cursor !== undefined && steps.length < most)
  return steps
}

const bytesAt = async ({ bucket }: Sippy, key: string, offset: number) => {
  const found = unwrap(await bucket.api.lookup({ key, range: { offset, length: 1 }, body: false }))
  expect(found.kind).toBe('found')
  const got = await bucket.store.getObject(bucket.at(key), { range: { offset, length: 1 } })
  return got.kind === 'found' ? new Uint8Array(await new Response(got.body).arrayBuffer())[0] : undefined
}

describe('the job of a bucket', () => {
  test('copies a large object in one piece', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: LARGE } } })
    await touch(sippy, 'k')
    await touch(sippy, 'k')
    expect(new Set(sippy.started).size).toBe(1)
    const steps = await run(sippy)
    expect(steps.map(({ copied }) => copied?.objects)).toEqual([undefined, 1, undefined])
    expect(await sippy.has('k')).toBe(true)
    expect(await bytesAt(sippy, 'k', LARGE - 1)).toBe(patternByte(LARGE - 1))
    expect(await sippy.bucket.rows('sippy_copies')).toBe(0)
  }, 60_000)

  test('copies a larger one in parts, and begins again when the object changes in between', async () => {
    const sippy = await sippyBucket({
      objects: { k: { size: IN_PARTS } },
      faults: [{ method: 'GET', ranged: true, newEtag: true, times: 0 }],
    })
    await touch(sippy, 'k')
    const first = await sippy.bucket.store.sippyStep(sippy.bucket.ref, sippy.started[0]!)
    const second = await sippy.bucket.store.sippyStep(sippy.bucket.ref, sippy.started[0]!, first.next)
    expect(second.next).toMatchObject({ upload: { size: IN_PARTS, part: 1 } })
    // The object is replaced.
    await sippy.program({ objects: { k: { size: IN_PARTS } }, faults: [{ newEtag: true, times: 1 }] })
    const third = await sippy.bucket.store.sippyStep(sippy.bucket.ref, sippy.started[0]!, second.next)
    expect(third).toMatchObject({ problem: { final: false }, next: { failures: 1 } })
    expect((third.next as SippyCursor).upload).toBeUndefined()
    expect(await sippy.bucket.rows("uploads WHERE state = 'open'")).toBe(0)
    let cursor = third.next
    for (let steps = 0; cursor !== undefined && steps < 10; steps++) {
      cursor = (await sippy.bucket.store.sippyStep(sippy.bucket.ref, sippy.started[0]!, cursor)).next
    }
    const { head } = await sippy.bucket.store.headObject(sippy.bucket.at('k'), {})
    expect([head.size, head.partsCount]).toEqual([IN_PARTS, 4])
    expect(await bytesAt(sippy, 'k', 64 * MIB)).toBe(patternByte(64 * MIB))
  }, 120_000)

  test('gives a copy up that a client overtakes', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: IN_PARTS } } })
    await touch(sippy, 'k')
    const first = await sippy.bucket.store.sippyStep(sippy.bucket.ref, sippy.started[0]!)
    const second = await sippy.bucket.store.sippyStep(sippy.bucket.ref, sippy.started[0]!, first.next)
    await sippy.bucket.store.deleteObjects(sippy.bucket.ref, ['k'])
    expect(await sippy.bucket.store.sippyStep(sippy.bucket.ref, sippy.started[0]!, second.next)).toEqual({ next: 'search' })
    expect(await sippy.bucket.rows("uploads WHERE state = 'open'")).toBe(0)
    expect(await sippy.has('k')).toBe(false)
  })

  test('gives a copy up whose source fails for good, after pauses that grow', async () => {
    const sippy = await sippyBucket({
      objects: { k: { size: LARGE } },
      faults: [{ method: 'GET', ranged: false, status: 403, code: 'InvalidObjectState' }],
    })
    await touch(sippy, 'k')
    const steps = await run(sippy)
    expect(steps.some(({ problem }) => problem?.final)).toBe(true)
    expect(await sippy.bucket.rows('sippy_copies')).toBe(0)
  })

  test('a job that has ended is replaced by another one', async () => {
    const ended = new Set<string>()
    const started: string[] = []
    const sippy = await sippyBucket(
      { objects: { a: { size: LARGE }, b: { size: LARGE } } },
      {
        startJob: async (_, id) => {
          started.push(id)
          return !ended.has(id)
        },
      },
    )
    await touch(sippy, 'a')
    ended.add(started[0]!)
    await touch(sippy, 'b')
    expect(started.length).toBe(3)
    expect(new Set(started).size).toBe(2)
    expect(unwrap(await sippy.bucket.api.nextCopy(started[0]!))).toBeNull()
    expect(unwrap(await sippy.bucket.api.nextCopy(started[2]!))).toMatchObject({ key: 'a' })
  })

  test('a source that asks for a wait of months gets minutes', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: LARGE } } })
    await touch(sippy, 'k')
    const first = await sippy.bucket.store.sippyStep(sippy.bucket.ref, sippy.started[0]!)
    await sippy.program({ faults: [{ status: 503, code: 'SlowDown', headers: { 'retry-after': '9999999' } }] })
    const second = await sippy.bucket.store.sippyStep(sippy.bucket.ref, sippy.started[0]!, first.next)
    expect(second).toMatchObject({ problem: { final: false }, waitMs: 5 * 60_000 })
  })

  test('the queue of a bucket is bounded', async () => {
    const sippy = await sippyBucket({})
    for (let i = 0; i < 1001; i++) {
      await sippy.bucket.api.takeCopy({ key: `k${i}`, etag: 'e', size: LARGE, job: 'j' })
    }
    expect(await sippy.bucket.rows('sippy_copies')).toBe(1000)
  })
})
