import { type Route, route } from '../route.ts'
import { GraphqlBody } from './body.ts'
import { queryGraphql } from './operations.ts'

/** Figures over time, as Cloudflare's GraphQL API answers for them. */
export const GRAPHQL_ROUTES: readonly Route[] = [
  route({
    op: 'QueryGraphql',
    method: 'POST',
    path: '/graphql',
    needs: 'account:list',
    body: GraphqlBody,
    raw: 'application/json',
    run: queryGraphql,
  }),
]
