import type { Analytics } from '../../analytics/analytics.ts'
import type { Config } from '../../config.ts'
import type { Control } from '../../control/control.ts'
import type { Store } from '../../store/store.ts'

/** The dependencies of the public face. */
export interface PublicPorts {
  readonly store: Store
  readonly config: Config
  readonly control: Control
  readonly analytics: Pick<Analytics, 'count'>
  /** The platform's cache in this location. */
  readonly cache: Pick<Cache, 'match' | 'put'>
  /** Limits managed URLs, by id. Absent means no limit. */
  readonly managedLimit?: RateLimit
  /** Limits the cache misses of custom domains, by host and client. Absent means no limit. */
  readonly missLimit?: RateLimit
  /** Keeps the request alive for work that continues after the response. */
  readonly waitUntil: (work: Promise<unknown>) => void
}
