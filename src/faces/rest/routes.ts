import { getOpenApi } from './openapi.ts'
import { type Route, route } from './route.ts'
import { AUDIT_ROUTES } from './routes/audit.ts'
import { BUCKET_ROUTES } from './routes/buckets.ts'
import { DOMAIN_ROUTES } from './routes/domains.ts'
import { IDENTITY_ROUTES } from './routes/identity.ts'
import { METRICS_ROUTES } from './routes/metrics.ts'
import { NOT_YET } from './routes/not-yet.ts'
import { NOTIFICATION_ROUTES } from './routes/notifications.ts'
import { QUEUE_ROUTES } from './routes/queues.ts'
import { TOKEN_ROUTES } from './routes/tokens.ts'

/** The API reference as a table. The first row that fits wins, so the most specific comes first. */
export const ROUTES: readonly Route[] = [
  route({ op: 'GetOpenApi', method: 'GET', path: '/openapi.json', needs: 'nobody', raw: 'application/json', run: getOpenApi }),
  ...IDENTITY_ROUTES,
  ...TOKEN_ROUTES,
  ...BUCKET_ROUTES,
  ...NOTIFICATION_ROUTES,
  ...QUEUE_ROUTES,
  ...DOMAIN_ROUTES,
  ...METRICS_ROUTES,
  ...AUDIT_ROUTES,
  ...NOT_YET,
]
