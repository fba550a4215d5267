import { JurisdictionHeader } from '../common-schemas.ts'
import { BUCKET } from '../paths.ts'
import { type Route, route } from '../route.ts'
import {
  attachCustomDomain,
  getCustomDomain,
  getManagedDomain,
  listCustomDomains,
  putManagedDomain,
  removeCustomDomain,
  updateCustomDomain,
} from './operations.ts'
import {
  AttachDomainBody,
  AttachedDomain,
  CustomDomain,
  CustomDomainList,
  ManagedDomain,
  ManagedDomainBody,
  RemovedDomain,
  UpdateDomainBody,
  UpdatedDomain,
} from './schemas.ts'

const MANAGED = `${BUCKET}/domains/managed` as const
const CUSTOM = `${BUCKET}/domains/custom` as const

/** Routes that make a bucket public: its managed URL and its custom domains. */
export const DOMAIN_ROUTES: readonly Route[] = [
  route({
    op: 'GetManagedDomain',
    method: 'GET',
    path: MANAGED,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: ManagedDomain,
    run: getManagedDomain,
  }),
  route({
    op: 'PutManagedDomain',
    method: 'PUT',
    path: MANAGED,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: ManagedDomainBody,
    result: ManagedDomain,
    run: putManagedDomain,
  }),
  route({
    op: 'ListCustomDomains',
    method: 'GET',
    path: CUSTOM,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: CustomDomainList,
    run: listCustomDomains,
  }),
  route({
    op: 'AttachCustomDomain',
    method: 'POST',
    path: CUSTOM,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: AttachDomainBody,
    result: AttachedDomain,
    run: attachCustomDomain,
  }),
  route({
    op: 'GetCustomDomain',
    method: 'GET',
    path: `${CUSTOM}/{domain}`,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: CustomDomain,
    run: getCustomDomain,
  }),
  route({
    op: 'UpdateCustomDomain',
    method: 'PUT',
    path: `${CUSTOM}/{domain}`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: UpdateDomainBody,
    result: UpdatedDomain,
    run: updateCustomDomain,
  }),
  route({
    op: 'RemoveCustomDomain',
    method: 'DELETE',
    path: `${CUSTOM}/{domain}`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    result: RemovedDomain,
    run: removeCustomDomain,
  }),
]
