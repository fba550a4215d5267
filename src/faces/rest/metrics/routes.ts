import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { getCostEstimate } from './cost-estimate.ts'
import { EXPOSITION_TYPE } from './exposition.ts'
import { getAccountMetrics } from './operations.ts'
import { getPrometheusMetrics } from './prometheus.ts'
import { AccountMetrics, CostEstimate, CostQuery, PrometheusQuery } from './schemas.ts'

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
  // Not on Cloudflare: self-hosters scrape their metrics, and want to know what they save.
  route({
    op: 'GetPrometheusMetrics',
    method: 'GET',
    path: `${ACCOUNT}/r2/metrics/prometheus`,
    needs: 'account:list',
    query: PrometheusQuery,
    raw: EXPOSITION_TYPE,
    run: getPrometheusMetrics,
  }),
  route({
    op: 'GetCostEstimate',
    method: 'GET',
    path: `${ACCOUNT}/r2/metrics/cost`,
    needs: 'account:list',
    query: CostQuery,
    result: CostEstimate,
    run: getCostEstimate,
  }),
]
