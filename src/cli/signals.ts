/** The signals that end a server. */
export const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs something that starts Miniflare, and takes away the signal handlers that Miniflare adds to the process. They kill workerd at once and
 * exit, so that requests in flight would be cut off before the server's own handler lets them end.
 */
export async function withoutSignalHandlers<T>(run: () => Promise<T>): Promise<T> {
  const before = new Map(ENDING.map((signal) => [signal, new Set(process.listeners(signal))]))
  try {
    return await run()
  } finally {
    for (const signal of ENDING) {
      for (const listener of process.listeners(signal)) if (!before.get(signal)!.has(listener)) process.off(signal, listener)
    }
  }
}
