import * as z from 'zod'
import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { listAuditEntries, listAuditLogs } from './operations.ts'
import { Audit, AuditInfo, AuditLog, AuditLogsQuery, AuditQuery } from './schemas.ts'

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
]
