/** How long a store may take for one answer, or to take or give the next bytes: it does so in seconds, or not at all. */
export const PATIENCE_MS = 30_000

/** The answer did not come in time. */
export class TooLate extends Error {}

/**
 * What `work` comes to, if it does so in time. It may go on behind our back, so it must do no harm later.
 * @throws TooLate when it takes longer.
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
