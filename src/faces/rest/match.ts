import { StoreError } from '../../core/errors.ts'
import { decodeKey } from '../../core/key.ts'
import type { Route } from './route.ts'
import { ROUTES } from './routes.ts'

const BASE = '/client/v4'

/** An endpoint, and the values of the names in its path. */
export interface Match {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

/**
 * Returns the endpoint of a request: the first row that fits. It percent-decodes names once, so that `%2F` in a key is a slash.
 * @throws StoreError RouteNotFound as R2's gateway answers, CouldNotRoute as Cloudflare's gateway answers, InvalidObjectName for broken encoding
 */
export function matchRoute(method: string, pathname: string): Match {
  const path = pathname.slice(BASE.length)
  const here = ROUTES.filter(({ pattern }) => pattern.test(path))
  const route = here.find((row) => row.method === method)
  if (route) return { route, params: paramsOf(route, path) }
  if (here.length > 0) throw new StoreError('RouteNotFound', { status: 405 })
  throw new StoreError(/^\/accounts\/[^/]+\/r2(\/|$)/.test(path) ? 'RouteNotFound' : 'CouldNotRoute')
}

function paramsOf({ pattern }: Route, path: string): Record<string, string> {
  const groups = pattern.exec(path)?.groups ?? {}
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeKey(value)]))
}
