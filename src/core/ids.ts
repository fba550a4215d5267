let counter = 0

/**
 * A new id of 32 lowercase hex digits that rises with time: milliseconds, a counter of this isolate that orders ids of one millisecond, and
 * 64 random bits. A table sorted by such ids grows at its end, and neighbouring rows were written at about the same time.
 */
export function risingId(nowMs = Date.now()): string {
  counter = (counter + 1) % 0x10000
  const random = crypto.getRandomValues(new Uint8Array(8)).toHex()
  return nowMs.toString(16).padStart(12, '0') + counter.toString(16).padStart(4, '0') + random
}

/** When a rising id was made, in milliseconds since the epoch. For a random id the result has no meaning. */
export const madeMs = (id: string): number => Number.parseInt(id.slice(0, 12), 16)

/** A new id of 32 lowercase hex digits with 122 random bits. It reveals nothing, not even its age. */
export const randomId = (): string => crypto.randomUUID().replaceAll('-', '')
