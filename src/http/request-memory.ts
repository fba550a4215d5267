import { type Hold, isolateMemory } from '../core/memory-budget.ts'

const holds = new WeakMap<Request, Hold>()

/** What a request makes the isolate hold until it is answered: bodies that are read whole, and what is made of them. */
export function memoryOf(request: Request): Hold {
  const known = holds.get(request)
  if (known) return known
  const hold = isolateMemory.hold()
  holds.set(request, hold)
  return hold
}

/** To be called once a request is answered, whatever the answer. */
export const releaseMemory = (request: Request): void => holds.get(request)?.release()
