import { nextRotationMs } from '../blobs/key-marker.ts'
import { rotateStep } from '../blobs/key-rotation.ts'
import { checkExpiryMs, forgetStaleCheck } from '../check/check-tables.ts'
import { nextEventMs } from '../events/events.ts'
import type { Chore } from './chore.ts'
import { expire, nextExpiryMs } from './expire.ts'
import { nextGarbageMs, sweep } from './sweep.ts'

/** The chores of every Durable Object that holds keys and bytes, in the order in which an alarm runs them. */
export const KEYSPACE_CHORES: readonly Chore[] = [
  { name: 'expire', dueMs: nextExpiryMs, run: (_, { transaction }) => transaction(expire) },
  { name: 'forget-check', dueMs: ({ sql }) => checkExpiryMs(sql), run: (_, { transaction }) => transaction(forgetStaleCheck) },
  { name: 'sweep', dueMs: ({ sql }) => nextGarbageMs(sql), run: (context, { storage, tiers }) => sweep(context, storage, tiers()) },
  { name: 'rotate-keys', dueMs: nextRotationMs, run: (context, { storage }) => rotateStep(context, storage) },
  { name: 'deliver-events', dueMs: nextEventMs, run: (_, { delivery }) => delivery.all() },
]
