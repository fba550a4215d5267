/**
 * Runs several workers and waits until all of them have ended, so that no work of this step goes on during the next one.
 * @throws the first error of a worker
 */
export async function runWorkers(count: number, work: () => Promise<void>): Promise<void> {
  const ended = await Promise.allSettled(Array.from({ length: count }, work))
  for (const result of ended) if (result.status === 'rejected') throw result.reason
}
