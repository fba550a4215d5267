import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { getAccountMetrics } from './operations.ts'
import { AccountMetrics } from './schemas.ts'

/** Routes for storage figures. */
export const METRICS_ROUTES: readonly Route[] = [
  route({
    op: 'GetAccountMetrics',
    method: 'GET',
    path: `${ACCOUNT}/r2/metrics`,
    needs: 'account:list',
    result: AccountMetrics,
    run: getAccountMetrics,
  }),
]
