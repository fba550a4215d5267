import { JurisdictionHeader, Nothing } from '../common-schemas.ts'
import { BUCKET } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { deleteBucketLocks, getBucketLocks, putBucketLocks } from './operations.ts'
import { LockConfiguration, PutLocksBody } from './schemas.ts'

export const LOCK_ROUTES: readonly Route[] = [
  route({
    op: 'GetBucketLocks',
    method: 'GET',
    path: `${BUCKET}/lock`,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: LockConfiguration,
    run: getBucketLocks,
  }),
  route({
    op: 'PutBucketLocks',
    method: 'PUT',
    path: `${BUCKET}/lock`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: PutLocksBody,
    result: Nothing,
    run: putBucketLocks,
  }),
  route({
    op: 'DeleteBucketLocks',
    method: 'DELETE',
    path: `${BUCKET}/lock`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    result: Nothing,
    run: deleteBucketLocks,
  }),
]
