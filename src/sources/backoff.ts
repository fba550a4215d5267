import type { Source, Sourced, SourceFailure } from './source.ts'

/** How often a source is asked again. */
export interface RetryPolicy {
  /** How many attempts there are, the first one included. */
  readonly attempts: number
  /** The pause after the first attempt. It doubles with each further one. */
  readonly firstMs: number
  /** How long all pauses together may take. A source that asks for a longer one gets no further attempt: its failure says when to return. */
  readonly totalMs: number
}

/** For a request that a client waits for. */
export const WHILE_A_CLIENT_WAITS: RetryPolicy = { attempts: 3, firstMs: 200, totalMs: 3000 }

/** Time and chance. Tests pass their own. */
export interface Waiting {
  readonly sleep: (ms: number) => Promise<unknown>
  /** A number from 0 to 1. */
  readonly random: () => number
}

const WAITING: Waiting = { sleep: (ms) => scheduler.wait(ms), random: Math.random }

/** Whether the same request may succeed later. */
export const isPassing = ({ kind }: SourceFailure): boolean => kind === 'throttled' || kind === 'unreachable'

/** Makes the calls of a source repeat failures that pass. A body that breaks off is the reader's to repeat. */
export function retrying(source: Source, policy: RetryPolicy, waiting: Waiting = WAITING): Source {
  return {
    head: (key) => retry(() => source.head(key), policy, waiting),
    get: (key, options) => retry(() => source.get(key, options), policy, waiting),
    list: (query) => retry(() => source.list(query), policy, waiting),
  }
}

async function retry<T>(ask: () => Promise<Sourced<T>>, { attempts, firstMs, totalMs }: RetryPolicy, { sleep, random }: Waiting) {
  let waitedMs = 0
  for (let attempt = 1; ; attempt++) {
    const answer = await ask()
    if (answer.ok || !isPassing(answer.failure) || attempt >= attempts) return answer
    const ms = pauseMs(answer.failure, { attempt, firstMs, random })
    waitedMs += ms
    if (waitedMs > totalMs) return answer
    await sleep(ms)
  }
}

/**
 * The pause before the next attempt: the time that the source asked for, or one that doubles. Half of the latter is random, so that
 * requests that failed together do not return together.
 */
function pauseMs(failure: SourceFailure, { attempt, firstMs, random }: { attempt: number; firstMs: number; random: () => number }): number {
  if (failure.retryAfterMs !== undefined) return failure.retryAfterMs
  const most = firstMs * 2 ** (attempt - 1)
  return Math.ceil(most / 2 + (most / 2) * random())
}
