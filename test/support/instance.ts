import { Bucket } from '../../durable-objects/bucket/bucket.ts'
import type { Env } from '../../src/env.ts'
import { env, type TestBucket } from './bucket.ts'

/** Starts a Bucket again with other variables, as a deployment does, and runs `work` with that instance. */
export function restarted<R>(
  bucket: TestBucket,
  vars: Partial<Env>,
  work: (instance: Bucket, state: DurableObjectState) => R | Promise<R>,
): Promise<R> {
  return bucket.run(async (_, state) => {
    const instance = new Bucket(state, { ...env, ...vars })
    instance.clock = () => bucket.nowMs
    await state.blockConcurrencyWhile(async () => {})
    return work(instance, state)
  })
}

/** Ends a Bucket's instance, as an eviction does: everything in its memory is lost. */
export async function end(bucket: TestBucket): Promise<void> {
  await bucket.run((_, state) => state.abort('The end')).catch(() => {})
  await bucket.setClock()
}

/** Moves the clock on and rings an instance that {@link restarted} made, as often as an alarm is due. Returns how often. */
export async function ringAll(bucket: TestBucket, ms: number, instance: Bucket, { storage }: DurableObjectState): Promise<number> {
  bucket.nowMs += ms
  for (let rings = 0; ; rings++) {
    const alarmMs = await storage.getAlarm()
    if (alarmMs === null || alarmMs > bucket.nowMs) return rings
    // As on the platform, an alarm that rings is not set any more.
    await storage.deleteAlarm()
    await instance.alarm()
  }
}
