import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { getAccountMetrics, queryGraphql } from './operations.ts'
import { AccountMetrics, GraphqlBody } from './schemas.ts'

/** Storage figures. */
export const METRICS_ROUTES: readonly Route[] = [
  route({
    op: 'GetAccountMetrics',
    method: 'GET',
    path: `${ACCOUNT}/r2/metrics`,
    needs: 'account:list',
    result: AccountMetrics,
    run: getAccountMetrics,
  }),
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
