import { type Route, route } from '../route.ts'
import { GraphqlBody } from './body.ts'
import { queryGraphql } from './operations.ts'

/** The route of the GraphQL API, which returns figures over time, as Cloudflare's does. */
export const GRAPHQL_ROUTES: readonly Route[] = (['/graphql', '/graphql/'] as const).map((path) =>
  route({ op: 'QueryGraphql', method: 'POST', path, needs: 'account:list', body: GraphqlBody, raw: 'application/json', run: queryGraphql }),
)
