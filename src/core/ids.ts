let counter = 0

/**
 * A fresh id of 32 lowercase hex digits that rise with time: milliseconds, a count of this isolate for those of the same one, and 64
 * random bits. A table sorted by such ids grows at its end, and neighbours in it are neighbours in time.
 */
export function risingId(nowMs = Date.now()): string {
  counter = (counter + 1) % 0x10000
  const random = crypto.getRandomValues(new Uint8Array(8)).toHex()
  return nowMs.toString(16).padStart(12, '0') + counter.toString(16).padStart(4, '0') + random
}

/** When a rising id was made. Of an id that does not rise, any time. */
export const madeMs = (id: string): number => Number.parseInt(id.slice(0, 12), 16)

/** A fresh id of 32 lowercase hex digits, 122 bits of them random, that tells nothing. */
export const randomId = (): string => crypto.randomUUID().replaceAll('-', '')
