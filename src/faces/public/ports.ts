import type { Config } from '../../config.ts'
import type { Strangers } from '../../control/strangers.ts'
import type { Store } from '../../store/store.ts'

/** What the public face works with. */
export interface PublicPorts {
  readonly store: Store
  readonly config: Config
  readonly control: D1Database
  /** The platform's cache of this location. */
  readonly cache: Pick<Cache, 'match' | 'put'>
  /** Of the managed URLs, by their ids; a deployment without it has no limit. */
  readonly managedLimit?: RateLimit
  /** Of what custom domains ask the Bucket for, by host and client; a deployment without it has no limit. */
  readonly missLimit?: RateLimit
  readonly strangers: Strangers
  /** Keeps the request alive for work that the answer does not wait for. */
  readonly waitUntil: (work: Promise<unknown>) => void
}
