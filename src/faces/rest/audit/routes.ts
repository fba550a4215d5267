import * as z from 'zod'
import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { listAuditEntries, listAuditHistory, listAuditLogs, listProductCategories } from './operations.ts'
import { Audit, AuditHistoryInfo, AuditHistoryQuery, AuditInfo, AuditLog, AuditLogsQuery, AuditQuery, ProductCategory } from './schemas.ts'

/** The audit log, in both versions of the API. */
export const AUDIT_ROUTES: readonly Route[] = [
  route({
    op: 'ListAuditLogs',
    method: 'GET',
    path: `${ACCOUNT}/audit_logs`,
    needs: 'audit:read',
    query: AuditLogsQuery,
    result: z.array(AuditLog),
    run: listAuditLogs,
  }),
  route({
    op: 'ListUserAuditLogs',
    method: 'GET',
    path: '/user/audit_logs',
    needs: 'audit:read',
    query: AuditLogsQuery,
    result: z.array(AuditLog),
    run: listAuditLogs,
  }),
  route({
    op: 'ListAuditEntries',
    method: 'GET',
    path: `${ACCOUNT}/logs/audit`,
    needs: 'audit:read',
    query: AuditQuery,
    result: z.array(Audit),
    info: AuditInfo,
    run: listAuditEntries,
  }),
  route({
    op: 'ListAuditProductCategories',
    method: 'GET',
    path: `${ACCOUNT}/logs/audit/product_categories`,
    needs: 'audit:read',
    result: z.array(ProductCategory),
    run: listProductCategories,
  }),
  route({
    op: 'ListAuditHistory',
    method: 'GET',
    path: `${ACCOUNT}/logs/audit/{id}/history`,
    needs: 'audit:read',
    query: AuditHistoryQuery,
    result: z.array(Audit),
    info: AuditHistoryInfo,
    run: listAuditHistory,
  }),
]
