import { StoreError } from '../core/errors.ts'
import { AccountQueues, type QueuesApi } from './account-queues.ts'
import { BoundQueues } from './bound-queues.ts'

/** A queue that can receive events. */
export interface QueueInfo {
  /** 32 hex digits. */
  readonly id: string
  readonly name: string
  /** The queue as the account's API describes it. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** Finds queues and sends messages to them. */
export interface Queues {
  /** All queues, or only those with the given names. */
  list(names?: readonly string[]): Promise<QueueInfo[]>
  find(id: string): Promise<QueueInfo | null>
  /**
   * Sends messages, which are JSON texts, as one batch. After it returns, the queue has all of them.
   * @throws Error if the queue may not have them
   */
  send(id: string, messages: readonly string[]): Promise<void>
}

/** A deployment's ways to reach queues: producer bindings by the queue's name, and the API of the account. */
export interface QueueBindings {
  readonly bound: ReadonlyMap<string, Queue>
  readonly api?: QueuesApi
}

/** All queues of a deployment. */
export interface DeploymentQueues extends Queues {
  /**
   * Forwards a request to the account's Queues API, for everything except finding queues and sending to them.
   * @throws StoreError NotImplemented if no API is configured
   */
  forward(method: string, path: string, body: unknown): Promise<Response>
}

/**
 * The bound queues and, if an API is configured, the queues of the account. The id of a queue decides which way is used. If both ways have
 * a queue of the same name, the list has the id of the API, since that id works for every operation.
 */
export function createQueues({ bound: bindings, api }: QueueBindings): DeploymentQueues {
  const bound = new BoundQueues(bindings)
  const account = api && new AccountQueues(api)
  return {
    list: async (names) => {
      const listed = (await account?.list(names)) ?? []
      const known = new Set(listed.map(({ name }) => name))
      return [...listed, ...(await bound.list(names)).filter(({ name }) => !known.has(name))]
    },
    find: async (id) => (await bound.find(id)) ?? (await account?.find(id)) ?? null,
    send: async (id, messages) => ((await bound.find(id)) || !account ? bound : account).send(id, messages),
    forward: async (method, path, body) => {
      if (account) return account.forward(method, path, body)
      const message = 'Queues are declared in wrangler.jsonc, as producers whose binding is QUEUE_ and the name; or set QUEUES_API_TOKEN.'
      throw new StoreError('NotImplemented', { message })
    },
  }
}
