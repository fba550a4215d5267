import type * as z from 'zod'
import { deniedBuckets } from '../../../auth/policies.ts'
import type { AuditFilter, AuditPosition } from '../../../control/audit.ts'
import type { AuditEntry } from '../../../core/audit.ts'
import { StoreError } from '../../../core/errors.ts'
import type { Answer, RestCall } from '../call.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { PRODUCT_CATEGORIES, typesOfProducts } from './products.ts'
import {
  type Audit,
  type AuditHistoryQuery,
  type AuditLog,
  type AuditLogsQuery,
  type AuditQuery,
  type Owner,
  type ProductCategory,
  toAudit,
  toAuditLog,
  ZONE_NAME,
} from './schemas.ts'

/** Returns the audit log in the first version of the API: numbered pages, until one is empty. */
export async function listAuditLogs(call: RestCall<{ query: AuditLogsQuery }>): Promise<Answer<z.input<typeof AuditLog>[]>> {
  const { query, control, nowMs, config } = call
  const owner = ownerOf(call)
  if ((query['actor.email'] ?? owner.email) !== owner.email || (query['zone.name'] ?? ZONE_NAME) !== ZONE_NAME) return { result: [] }
  const filters = [filter('id', query.id), filter('kind', query['action.type']), filter('ip', query['actor.ip'])].filter(
    (one) => one !== null,
  )
  const entries = await control.listAudit({
    sinceMs: Math.max(query.since ?? 0, nowMs - config.auditMs),
    beforeMs: query.before,
    filters,
    hidden: deniedBuckets(call.identity.token),
    ascending: query.direction === 'asc',
    offset: (query.page - 1) * query.per_page,
    limit: query.per_page,
  })
  return { result: entries.map((entry) => toAuditLog(entry, owner)) }
}

const filter = (field: AuditFilter['field'], value: string | undefined): AuditFilter | null =>
  value === undefined ? null : { field, values: [value] }

/** Parameters of the second version that filter by a column of the log. Each also exists with `.not`. */
const COLUMNS = {
  id: 'id',
  audit_log_id: 'id',
  action_type: 'kind',
  actor_id: 'tokenId',
  actor_token_id: 'tokenId',
  actor_token_name: 'tokenName',
  actor_session_id: 'sessionId',
  actor_ip_address: 'ip',
  raw_method: 'method',
  raw_uri: 'path',
  raw_cf_ray_id: 'rayId',
  resource_id: 'resourceId',
  resource_type: 'resourceType',
} as const satisfies Record<string, AuditFilter['field']>

/** Returns the audit log in the second version of the API: with a cursor, and filters that may be repeated and negated. */
export async function listAuditEntries(call: RestCall<{ query: AuditQuery }>): Promise<Answer<z.input<typeof Audit>[]>> {
  const { url } = call
  const columns = Object.entries(COLUMNS).flatMap(([name, field]) => filtersOf(url.searchParams, name, field))
  const filters = [...columns, ...productFilters(url.searchParams)]
  // A filter without values selects nothing.
  const none = !constantsFit(url.searchParams, ownerOf(call)) || filters.some(({ values, not }) => values.length === 0 && !not)
  return none ? { result: [], info: infoOf([], undefined) } : pageOf(call, filters)
}

/**
 * Returns the entries about the same resource as one entry.
 * @throws StoreError NoSuchAuditEntry
 */
export async function listAuditHistory(
  call: RestCall<{ params: 'id'; query: AuditHistoryQuery }>,
): Promise<Answer<z.input<typeof Audit>[]>> {
  const { params, query, identity, control } = call
  const [entry] = await control.listAudit({
    ...query.action_time,
    filters: [{ field: 'id', values: [params.id] }],
    hidden: deniedBuckets(identity.token),
    limit: 1,
  })
  if (!entry) throw new StoreError('NoSuchAuditEntry')
  const { type, id, jurisdiction = '' } = entry.resource
  if (id === '') return { result: [], info: { ...infoOf([], undefined), history_status: 'unavailable' } }
  const { result, info } = await pageOf(call, [
    { field: 'resourceType', values: [type] },
    { field: 'resourceId', values: [id] },
    { field: 'jurisdiction', values: [jurisdiction] },
  ])
  return { result, info: { ...info, history_status: 'exact' } }
}

/** The categories of products, for filters. */
export const listProductCategories = async (): Promise<Answer<z.input<typeof ProductCategory>[]>> => ({ result: PRODUCT_CATEGORIES })

type PageQuery = Omit<AuditQuery, 'since' | 'before'> & Partial<Pick<AuditQuery, 'since' | 'before'>>

/** Returns one page in the form of the second version. Entries about buckets that the token is denied are not on it. */
async function pageOf(call: RestCall<{ query: PageQuery }>, filters: readonly AuditFilter[]) {
  const { query, identity, control, nowMs, config } = call
  const { before: beforeMs, limit, direction, cursor } = query
  const found = await control.listAudit({
    sinceMs: Math.max(query.since ?? 0, nowMs - config.auditMs),
    beforeMs,
    filters,
    hidden: deniedBuckets(identity.token),
    ascending: direction === 'asc',
    after: cursor ? readCursor(cursor, isPosition) : undefined,
    limit: limit + 1,
  })
  const entries = found.slice(0, limit)
  const owner = ownerOf(call)
  return {
    result: entries.map((entry) => toAudit(entry, owner)),
    info: infoOf(entries, found.length > limit ? entries.at(-1) : undefined),
  }
}

const infoOf = (entries: readonly AuditEntry[], last: AuditEntry | undefined) => ({
  count: entries.length,
  cursors: { after: last ? writeCursor({ whenMs: last.whenMs, id: last.id }) : '' },
})

/** Filters by product are filters by the types of its resources. */
function productFilters(query: URLSearchParams): AuditFilter[] {
  const [types, excluded] = [typesOfProducts(query, ''), typesOfProducts(query, '.not')]
  return [
    ...(types ? [{ field: 'resourceType', values: types } as const] : []),
    ...(excluded ? [{ field: 'resourceType', values: excluded, not: true } as const] : []),
  ]
}

function filtersOf(query: URLSearchParams, name: string, field: AuditFilter['field']): AuditFilter[] {
  const [values, excluded] = [query.getAll(name), query.getAll(`${name}.not`)]
  return [...(values.length > 0 ? [{ field, values }] : []), ...(excluded.length > 0 ? [{ field, values: excluded, not: true }] : [])]
}

/** Checks filters by columns that are equal in all entries: such a filter selects all entries or none. */
function constantsFit(query: URLSearchParams, { email }: Owner): boolean {
  const constants = {
    account_name: 'Cairn',
    action_result: 'success',
    actor_context: 'api_token',
    actor_email: email,
    actor_type: 'user',
    raw_status_code: '200',
    resource_scope: 'accounts',
    zone_id: '',
    zone_name: '',
  }
  return Object.entries(constants).every(([name, value]) => {
    const wanted = query.getAll(name)
    return (wanted.length === 0 || wanted.includes(value)) && !query.getAll(`${name}.not`).includes(value)
  })
}

const isPosition = (value: unknown): value is AuditPosition => {
  const { whenMs, id } = (value ?? {}) as Partial<AuditPosition>
  return typeof whenMs === 'number' && typeof id === 'string'
}

const ownerOf = ({ accountId, config }: Pick<RestCall, 'accountId' | 'config'>): Owner => ({
  accountId,
  email: config.ownerEmail,
})
