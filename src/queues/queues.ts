import { StoreError } from '../core/errors.ts'
import { AccountQueues, type QueuesApi } from './account-queues.ts'
import { BoundQueues } from './bound-queues.ts'

/** A queue that events can go to. */
export interface QueueInfo {
  /** 32 hex digits. */
  readonly id: string
  readonly name: string
  /** What the account's API tells of it, in its form. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** Where queues are, and how messages get there. */
export interface Queues {
  /** The queues there are; those of the given names alone, if any are given. */
  list(names?: readonly string[]): Promise<QueueInfo[]>
  find(id: string): Promise<QueueInfo | null>
  /**
   * Sends messages, JSON texts, as one batch. When it returns, the queue has them all.
   * @throws Error when it may not have them
   */
  send(id: string, messages: readonly string[]): Promise<void>
}

/** What a deployment is given to reach queues: producer bindings by the queue's name, and the API of the account. */
export interface QueueBindings {
  readonly bound: ReadonlyMap<string, Queue>
  readonly api?: QueuesApi
}

/** All queues of a deployment. */
export interface DeploymentQueues extends Queues {
  /**
   * Passes a request on to the account's Queues API: everything about queues but to find them and send to them.
   * @throws StoreError NotImplemented without such an API
   */
  forward(method: string, path: string, body: unknown): Promise<Response>
}

/**
 * The queues that are bound, and with an API those of the account. The id decides how one is reached; where the API knows a name,
 * its id is the one to be found, since it is good for everything.
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
