import { JurisdictionHeader, Nothing } from '../common-schemas.ts'
import { BUCKET } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { deleteBucketCors, getBucketCors, putBucketCors } from './operations.ts'
import { CorsConfiguration, PutCorsBody } from './schemas.ts'

export const CORS_ROUTES: readonly Route[] = [
  route({
    op: 'GetBucketCors',
    method: 'GET',
    path: `${BUCKET}/cors`,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: CorsConfiguration,
    run: getBucketCors,
  }),
  route({
    op: 'PutBucketCors',
    method: 'PUT',
    path: `${BUCKET}/cors`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: PutCorsBody,
    result: Nothing,
    run: putBucketCors,
  }),
  route({
    op: 'DeleteBucketCors',
    method: 'DELETE',
    path: `${BUCKET}/cors`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    result: Nothing,
    run: deleteBucketCors,
  }),
]
