import { type Hold, isolateMemory } from '../core/memory-budget.ts'

const holds = new WeakMap<Request, Hold>()

/** Returns the memory that a request reserves in the isolate until it is answered: bodies read whole, and the values parsed from them. */
export function memoryOf(request: Request): Hold {
  const known = holds.get(request)
  if (known) return known
  const hold = isolateMemory.hold()
  holds.set(request, hold)
  return hold
}

/** Frees the memory of a request. Call it once the request is answered, also after an error. */
export const releaseMemory = (request: Request): void => holds.get(request)?.release()
