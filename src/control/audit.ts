import { AUDITED, type AuditAction, type AuditEntry, type LongValue, type Minter } from '../core/audit.ts'
import { invalidArgument } from '../core/errors.ts'
import type { BucketRef, Jurisdiction } from '../core/object.ts'
import type { SqlCondition } from './still-held.ts'

/** D1 binds at most 100 parameters. Some of them are not filters. */
const MAX_FILTER_VALUES = 80

/** The approximate size of all values on one page. Earlier versions wrote values of up to 2 MB, and a page has up to 1,000 entries. */
const PAGE_CHARACTERS = 4 * 1024 * 1024

/** The fields that a query can filter by, with their columns. */
export const AUDIT_FIELDS = {
  id: 'id',
  action: 'action',
  kind: 'kind',
  tokenId: 'token_id',
  tokenName: 'token_name',
  sessionId: 'session_id',
  ip: 'ip',
  method: 'method',
  path: 'uri',
  rayId: 'ray_id',
  resourceType: 'resource_type',
  resourceId: 'resource_id',
  jurisdiction: 'jurisdiction',
} as const

/** The columns that may be empty. The others are named as they are, so that an index finds their values. */
const NULLABLE: readonly string[] = [
  'session_id',
  'ip',
  'ray_id',
  'jurisdiction',
] satisfies (typeof AUDIT_FIELDS)[keyof typeof AUDIT_FIELDS][]

const expressionOf = (field: AuditFilter['field']): string =>
  NULLABLE.includes(AUDIT_FIELDS[field]) ? `coalesce(${AUDIT_FIELDS[field]}, '')` : AUDIT_FIELDS[field]

export interface AuditFilter {
  readonly field: keyof typeof AUDIT_FIELDS
  readonly values: readonly string[]
  /** Selects the entries that have none of the values. */
  readonly not?: boolean
}

export interface AuditQuery {
  /** Both bounds are inclusive. */
  readonly sinceMs?: number
  readonly beforeMs?: number
  readonly filters?: readonly AuditFilter[]
  /** The entries of these buckets, and of temporary credentials for them, are left out. */
  readonly hidden?: readonly BucketRef[]
  readonly ascending?: boolean
  /** Starts after this entry, in the direction of the listing. */
  readonly after?: AuditPosition
  readonly offset?: number
  readonly limit: number
}

export interface AuditPosition {
  readonly whenMs: number
  readonly id: string
}

type AuditRow = Record<'id' | 'token_id' | 'token_name' | 'method' | 'uri' | 'resource_id', string> &
  Record<'ip' | 'session_id' | 'user_agent' | 'ray_id' | 'old_value' | 'new_value', string | null> &
  Record<'old_length' | 'new_length', number | null> & {
    when_ms: number
    action: AuditAction
    face: 'API' | 'S3'
    resource_type: AuditEntry['resource']['type']
    jurisdiction: Jurisdiction | null
  }

/**
 * Returns the statements that write entries, for the batch of the change itself. Running them again writes nothing new. They also delete
 * expired entries. With `ifChanged`, they write only if the previous statement changed a row, so that a failed change is not logged. With
 * `onlyIf`, they write only if that condition holds.
 */
export function auditStatements(
  db: D1Database,
  entries: readonly AuditEntry[],
  keepMs: number,
  { ifChanged = false, onlyIf }: { readonly ifChanged?: boolean; readonly onlyIf?: SqlCondition } = {},
): D1PreparedStatement[] {
  if (entries.length === 0) return []
  const condition = onlyIf ?? { sql: ifChanged ? 'changes() > 0' : 'true', bindings: [] }
  const insert =
    db.prepare(`INSERT OR IGNORE INTO audit (id, when_ms, action, kind, token_id, token_name, session_id, ip, face, method, uri,
    user_agent, ray_id, resource_type, resource_id, jurisdiction, old_value, new_value) SELECT ${Array(18).fill('?').join(', ')} WHERE ${condition.sql}`)
  const forget = db.prepare('DELETE FROM audit WHERE when_ms < ?').bind(Math.max(...entries.map(({ whenMs }) => whenMs)) - keepMs)
  return [...entries.map((entry) => insert.bind(...columnsOf(entry), ...condition.bindings)), forget]
}

function columnsOf({ id, whenMs, action, by, resource, oldValue, newValue }: AuditEntry): (string | number | null)[] {
  const who = [by.tokenId, by.tokenName, by.sessionId ?? null, by.ip ?? null]
  const how = [by.face, by.method, by.path, by.userAgent ?? null, by.rayId ?? null]
  const what = [resource.type, resource.id, resource.jurisdiction ?? null]
  return [id, whenMs, action, AUDITED[action], ...who, ...how, ...what, jsonOf(oldValue), jsonOf(newValue)]
}

const jsonOf = (value: unknown): string | null => (value === undefined || value === null ? null : JSON.stringify(value))

/** Reads the length of each value, but of its text only the value's share of the page, which is `?1`. */
const COLUMNS = `id, when_ms, action, face, method, uri, ip, user_agent, ray_id, token_id, token_name, session_id, resource_type, resource_id, jurisdiction,
  substr(old_value, 1, ?1) AS old_value, length(old_value) AS old_length,
  substr(new_value, 1, ?1) AS new_value, length(new_value) AS new_length`

/**
 * Holds for entries that are about none of some buckets. The value of temporary credentials names their bucket; where the log has only its
 * beginning, it may name any.
 */
const SHOWN = `(resource_type = 'r2.bucket' AND coalesce(jurisdiction, 'default') || '/' || resource_id IN (SELECT value FROM json_each(?))) IS NOT TRUE
  AND (resource_type = 'session' AND (json_extract(new_value, '$.truncated') IS NOT NULL OR
    coalesce(jurisdiction, 'default') || '/' || json_extract(new_value, '$.bucket') IN (SELECT value FROM json_each(?)))) IS NOT TRUE`

/**
 * Returns one page of the log, the newest entries first by default. The longer the page, the less is read of each value.
 * @throws StoreError InvalidArgument for more filters than the database takes
 */
export async function listAudit(db: D1Database, query: AuditQuery): Promise<AuditEntry[]> {
  const { sinceMs = 0, beforeMs = Number.MAX_SAFE_INTEGER, filters = [], hidden = [], ascending = false, after, offset = 0, limit } = query
  const valueCharacters = Math.floor(PAGE_CHARACTERS / (2 * limit))
  const conditions = ['when_ms >= ?', 'when_ms <= ?']
  const bindings: (string | number)[] = [valueCharacters, sinceMs, beforeMs]
  if (after) {
    conditions.push(`(when_ms, id) ${ascending ? '>' : '<'} (?, ?)`)
    bindings.push(after.whenMs, after.id)
  }
  for (const { field, values, not } of filters) {
    conditions.push(`${expressionOf(field)} ${not ? 'NOT IN' : 'IN'} (${values.map(() => '?').join(', ')})`)
    bindings.push(...values)
  }
  if (hidden.length > 0) {
    conditions.push(SHOWN)
    bindings.push(...Array(2).fill(JSON.stringify(hidden.map(({ jurisdiction, name }) => `${jurisdiction}/${name}`))))
  }
  if (bindings.length > MAX_FILTER_VALUES) throw invalidArgument('Too many filters')
  const order = ascending ? 'ASC' : 'DESC'
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM audit WHERE ${conditions.join(' AND ')} ORDER BY when_ms ${order}, id ${order} LIMIT ? OFFSET ?`)
    .bind(...bindings, limit, offset)
    .all<AuditRow>()
  const minters = await mintersOf(db, results)
  return results.map((row) => entryOf(row, { minters, valueCharacters }))
}

/**
 * Returns who made the sessions of some entries, by session id. It reads this from the log. The session token does not prove it, because
 * its parent signs it and could write any name.
 */
async function mintersOf(db: D1Database, rows: readonly AuditRow[]): Promise<Map<string, Minter>> {
  const ids = [...new Set(rows.map(({ session_id: id }) => id).filter((id) => id !== null))]
  if (ids.length === 0) return new Map()
  const query = db.prepare(`SELECT resource_id, token_id, token_name FROM audit
    WHERE action = 'CreateTemporaryCredentials' AND resource_id IN (SELECT value FROM json_each(?))`)
  const { results } = await query.bind(JSON.stringify(ids)).all<Pick<AuditRow, 'resource_id' | 'token_id' | 'token_name'>>()
  return new Map(results.map((row) => [row.resource_id, { tokenId: row.token_id, tokenName: row.token_name }]))
}

interface Reading {
  readonly minters: ReadonlyMap<string, Minter>
  readonly valueCharacters: number
}

const entryOf = (row: AuditRow, { minters, valueCharacters }: Reading): AuditEntry => ({
  id: row.id,
  whenMs: row.when_ms,
  action: row.action,
  by: {
    tokenId: row.token_id,
    tokenName: row.token_name,
    sessionId: row.session_id ?? undefined,
    ip: row.ip ?? undefined,
    face: row.face,
    method: row.method,
    path: row.uri,
    userAgent: row.user_agent ?? undefined,
    rayId: row.ray_id ?? undefined,
  },
  mintedBy: minters.get(row.session_id ?? ''),
  resource: { type: row.resource_type, id: row.resource_id, jurisdiction: row.jurisdiction ?? undefined },
  oldValue: readValue(row.old_value, row.old_length, valueCharacters),
  newValue: readValue(row.new_value, row.new_length, valueCharacters),
})

function readValue(json: string | null, length: number | null, valueCharacters: number): unknown {
  if (json === null || length === null) return undefined
  return length <= valueCharacters ? JSON.parse(json) : ({ truncated: true, bytes: length, beginning: json } satisfies LongValue)
}
