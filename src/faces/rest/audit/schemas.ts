import * as z from 'zod'
import { AUDITED, type AuditEntry } from '../../../core/audit.ts'
import { isoTime, Timestamp } from '../common-schemas.ts'
import { productOf } from './products.ts'

/** A time, or a day such as `2026-05-01`. */
const MomentText = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: ({ input }) => `${input === undefined ? 'is missing: give' : 'must be'} a day (2026-05-01) or a time (2026-05-01T12:00:00Z)`,
})
const Moment = MomentText.transform((text) => Date.parse(text))

export const AuditLogsQuery = z.object({
  id: z.string().optional(),
  'action.type': z.string().optional(),
  'actor.email': z.string().optional(),
  'actor.ip': z.string().optional(),
  'zone.name': z.string().optional(),
  since: Moment.optional(),
  before: Moment.optional(),
  direction: z.enum(['asc', 'desc']).default('desc'),
  page: z.coerce.number().int().min(1).default(1),
  per_page: z.coerce.number().int().min(1).max(1000).default(100),
})
export type AuditLogsQuery = z.output<typeof AuditLogsQuery>

/** The token that created the temporary credentials, if they were created over the API. */
const Minter = z.object({ token_id: z.string(), token_name: z.string() })

/** An entry in the first version of the API. */
export const AuditLog = z.object({
  id: z.string(),
  action: z.object({ type: z.string(), result: z.boolean(), info: z.string() }),
  actor: z.object({ id: z.string(), email: z.string(), ip: z.string(), type: z.literal('user') }),
  interface: z.string(),
  metadata: z.object({
    zone_name: z.string(),
    token_name: z.string(),
    /** The id of the temporary credentials, if they made the request. The actor is their parent token. */
    session_id: z.string().optional(),
    minted_by: Minter.optional(),
    method: z.string(),
    uri: z.string(),
    user_agent: z.string().optional(),
    jurisdiction: z.string().optional(),
  }),
  newValue: z.string(),
  oldValue: z.string(),
  newValueJson: z.unknown(),
  oldValueJson: z.unknown(),
  owner: z.object({ id: z.string() }),
  resource: z.object({ id: z.string(), type: z.string() }),
  when: Timestamp,
})

/** The times are mandatory, unlike in the first version. */
export const AuditQuery = z.object({
  since: Moment,
  before: Moment,
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  direction: z.enum(['asc', 'desc']).default('desc'),
  cursor: z.string().optional(),
})
export type AuditQuery = z.output<typeof AuditQuery>

const DAY_MS = 86_400_000
const SECOND_MS = 1000

/** The time of an entry, as a span of time: a whole day, or a second around a time, since clients may leave its milliseconds out. */
const EntryTime = MomentText.transform((text) => {
  const ms = Date.parse(text)
  return text.includes('T') ? { sinceMs: ms - SECOND_MS + 1, beforeMs: ms + SECOND_MS - 1 } : { sinceMs: ms, beforeMs: ms + DAY_MS - 1 }
})

/** The time of the entry is mandatory: it narrows the look-up. */
export const AuditHistoryQuery = AuditQuery.extend({
  action_time: EntryTime,
  since: Moment.optional(),
  before: Moment.optional(),
})
export type AuditHistoryQuery = z.output<typeof AuditHistoryQuery>

/** An entry in the second version of the API. */
export const Audit = z.object({
  id: z.string(),
  account: z.object({ id: z.string(), name: z.string() }),
  action: z.object({ type: z.string(), result: z.literal('success'), time: Timestamp, description: z.string() }),
  actor: z.object({
    id: z.string(),
    context: z.literal('api_token'),
    type: z.literal('user'),
    email: z.string(),
    ip_address: z.string().optional(),
    token_id: z.string(),
    token_name: z.string(),
    /** The id of the temporary credentials, if they made the request. The token is their parent. */
    session_id: z.string().optional(),
    minted_by: Minter.optional(),
  }),
  raw: z.object({
    method: z.string(),
    uri: z.string(),
    status_code: z.int(),
    user_agent: z.string().optional(),
    cf_ray_id: z.string().optional(),
  }),
  resource: z.object({
    id: z.string(),
    product: z.string(),
    type: z.string(),
    scope: z.literal('accounts'),
    /** The new value as the request, and the old value as the response. */
    request: z.unknown(),
    response: z.unknown(),
  }),
  zone: z.object({}),
})

export const AuditInfo = z.object({ count: z.int(), cursors: z.object({ after: z.string() }) })

export const AuditHistoryInfo = AuditInfo.extend({
  /** Whether the entries are surely about the same resource, or there is no telling. */
  history_status: z.enum(['exact', 'approximate', 'unavailable']),
})

export const ProductCategory = z.object({
  value: z.string(),
  label: z.string(),
  products: z.array(z.object({ value: z.string(), label: z.string() })),
})

/** The account and the user that own the log. */
export interface Owner {
  readonly accountId: string
  readonly email: string
}

export const ZONE_NAME = 'r2.cloudflarestorage.com'

export function toAuditLog(entry: AuditEntry, owner: Owner): z.input<typeof AuditLog> {
  const { id, whenMs, action, by, resource, oldValue, newValue } = entry
  const { tokenId, tokenName, ip = '', face, method, path, userAgent } = by
  return {
    id,
    action: { type: AUDITED[action], result: true, info: action },
    actor: { id: tokenId, email: owner.email, ip, type: 'user' },
    interface: face,
    metadata: {
      zone_name: ZONE_NAME,
      token_name: tokenName,
      ...sessionOf(entry),
      method,
      uri: path,
      user_agent: userAgent,
      jurisdiction: resource.jurisdiction,
    },
    newValue: textOf(newValue),
    oldValue: textOf(oldValue),
    newValueJson: newValue ?? {},
    oldValueJson: oldValue ?? {},
    owner: { id: owner.accountId },
    resource: { id: resource.id, type: resource.type },
    when: isoTime(whenMs),
  }
}

export function toAudit(entry: AuditEntry, owner: Owner): z.input<typeof Audit> {
  const { id, whenMs, action, by, resource, oldValue, newValue } = entry
  const { tokenId, tokenName, ip, method, path, userAgent, rayId } = by
  return {
    id,
    account: { id: owner.accountId, name: 'Cairn' },
    action: { type: AUDITED[action], result: 'success', time: isoTime(whenMs), description: action },
    actor: {
      id: tokenId,
      context: 'api_token',
      type: 'user',
      email: owner.email,
      ip_address: ip,
      token_id: tokenId,
      token_name: tokenName,
      ...sessionOf(entry),
    },
    raw: { method, uri: path, status_code: 200, user_agent: userAgent, cf_ray_id: rayId },
    resource: {
      id: resource.id,
      product: productOf(resource.type),
      type: resource.type,
      scope: 'accounts',
      request: newValue ?? {},
      response: oldValue ?? {},
    },
    zone: {},
  }
}

const sessionOf = ({ by, mintedBy }: AuditEntry) => ({
  ...(by.sessionId === undefined ? {} : { session_id: by.sessionId }),
  ...(mintedBy === undefined ? {} : { minted_by: { token_id: mintedBy.tokenId, token_name: mintedBy.tokenName } }),
})

const textOf = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value))
