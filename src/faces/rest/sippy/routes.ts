import { JurisdictionHeader } from '../common-schemas.ts'
import { BUCKET } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { deleteSippy, getSippy, putSippy } from './operations.ts'
import { PutSippyBody, Sippy } from './schemas.ts'

const common = { path: `${BUCKET}/sippy` as const, headers: JurisdictionHeader, result: Sippy }

/** Routes for Sippy, which copies objects from another provider when they are first read. */
export const SIPPY_ROUTES: readonly Route[] = [
  route({ ...common, op: 'GetBucketSippy', method: 'GET', needs: 'bucket:read', run: getSippy }),
  route({ ...common, op: 'PutBucketSippy', method: 'PUT', needs: 'bucket:write', body: PutSippyBody, run: putSippy }),
  route({ ...common, op: 'DeleteBucketSippy', method: 'DELETE', needs: 'bucket:write', run: deleteSippy }),
]
