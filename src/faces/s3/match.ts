import type { Config } from '../../config.ts'
import type { Level, Route } from './route.ts'
import { ROUTES } from './routes.ts'

const placeOf = ({ on, method }: Pick<Route, 'on' | 'method'>): string => `${on} ${method}`

/** The rows of each level and method, in their order. */
const ROWS = Map.groupBy(ROUTES, placeOf)

/** The subresources of each level and method. The first one in the URL decides. */
const SUBRESOURCES = Map.groupBy(
  ROUTES.filter((route) => route.subresource !== undefined),
  placeOf,
)

/** Part numbers that find a route: any number of digits, after optional spaces and a minus. Any other value finds no route with any method. */
const ROUTED_PART_NUMBER = /^ *-?\d*$/

/** The properties of a request that select an operation. */
export interface Matchable {
  readonly on: Level
  readonly method: string
  readonly query: URLSearchParams
  readonly headers: Headers
  /** Whether the deployment has the operations of an allowance. */
  readonly allows: Config['allows']
}

/** Returns the operation that a request asks for, or `undefined` if there is none. */
export function match({ on, method, query, headers, allows }: Matchable): Route | undefined {
  if (on === 'object' && query.has('uploadId') && !ROUTED_PART_NUMBER.test(query.get('partNumber') ?? '')) return undefined
  const isHere = ({ allowance }: Route) => allowance === undefined || allows(allowance)
  const place = placeOf({ on, method })
  const subresource = query.size === 0 ? undefined : firstSubresource(query, SUBRESOURCES.get(place)?.filter(isHere))
  return ROWS.get(place)?.find(
    (route) =>
      isHere(route) &&
      (route.query ?? []).every((name) => query.has(name)) &&
      (route.subresource === undefined || route.subresource === subresource) &&
      (route.header === undefined || headers.has(route.header)),
  )
}

function firstSubresource(query: URLSearchParams, known: readonly Route[] = []): string | undefined {
  for (const name of query.keys()) if (known.some((route) => route.subresource === name)) return name
  return undefined
}
