import { AUDIT_ROUTES } from './audit/routes.ts'
import { BUCKET_ROUTES } from './buckets/routes.ts'
import { DOMAIN_ROUTES } from './domains/routes.ts'
import { GRAPHQL_ROUTES } from './graphql/routes.ts'
import { IDENTITY_ROUTES } from './identity/routes.ts'
import { JOB_ROUTES } from './jobs/routes.ts'
import { METRICS_ROUTES } from './metrics/routes.ts'
import { NOT_YET } from './not-yet.ts'
import { NOTIFICATION_ROUTES } from './notifications/routes.ts'
import { OBJECT_ROUTES } from './objects/routes.ts'
import { getOpenApi } from './openapi.ts'
import { QUEUE_ROUTES } from './queues/routes.ts'
import { type Route, route } from './route.ts'
import { SETTING_ROUTES } from './settings/routes.ts'
import { SIPPY_ROUTES } from './sippy/routes.ts'
import { SLURPER_ROUTES } from './slurper/routes.ts'
import { TEMPORARY_CREDENTIAL_ROUTES } from './temporary-credentials/routes.ts'
import { TOKEN_ROUTES } from './tokens/routes.ts'

/** The API reference as a table. The first row that fits answers, so a more specific row comes before a general one. */
export const ROUTES: readonly Route[] = [
  route({ op: 'GetOpenApi', method: 'GET', path: '/openapi.json', needs: 'nobody', raw: 'application/json', run: getOpenApi }),
  ...IDENTITY_ROUTES,
  ...TOKEN_ROUTES,
  ...BUCKET_ROUTES,
  ...OBJECT_ROUTES,
  ...SETTING_ROUTES,
  ...SIPPY_ROUTES,
  ...JOB_ROUTES,
  ...TEMPORARY_CREDENTIAL_ROUTES,
  ...NOTIFICATION_ROUTES,
  ...QUEUE_ROUTES,
  ...DOMAIN_ROUTES,
  ...METRICS_ROUTES,
  ...GRAPHQL_ROUTES,
  ...AUDIT_ROUTES,
  ...SLURPER_ROUTES,
  ...NOT_YET,
]
