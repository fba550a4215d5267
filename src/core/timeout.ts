/** How long a store may take to answer, or to accept or return the next bytes. A healthy store does so within seconds. */
export const STORE_TIMEOUT_MS = 30_000

/** The slowest upload that we wait for: 64 KiB a second. */
export const SLOWEST_BYTES_PER_MS = 64 * 1.024

/** The answer did not come in time. */
export class TooLate extends Error {}

/**
 * Returns the result of `work` if it settles in time. After a timeout `work` goes on unobserved, so it must do no harm later.
 * @throws TooLate if it takes longer
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const late = scheduler.wait(ms, { signal: timer.signal }).then(() => {
    throw new TooLate(`No answer within ${ms} ms`)
  })
  late.catch(() => {})
  work.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
  }
}
