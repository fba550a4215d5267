import { JurisdictionHeader, Nothing } from '../common-schemas.ts'
import { BUCKET } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { getBucketLifecycle, putBucketLifecycle } from './operations.ts'
import { LifecycleConfiguration, PutLifecycleBody } from './schemas.ts'

export const LIFECYCLE_ROUTES: readonly Route[] = [
  route({
    op: 'GetBucketLifecycle',
    method: 'GET',
    path: `${BUCKET}/lifecycle`,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: LifecycleConfiguration,
    run: getBucketLifecycle,
  }),
  route({
    op: 'PutBucketLifecycle',
    method: 'PUT',
    path: `${BUCKET}/lifecycle`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: PutLifecycleBody,
    result: Nothing,
    run: putBucketLifecycle,
  }),
]
