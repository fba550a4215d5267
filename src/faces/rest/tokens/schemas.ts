import * as z from 'zod'
import { type AddressLimit, isAddressRange } from '../../../auth/addresses.ts'
import type { PermissionGroup as Group } from '../../../control/permission-groups.ts'
import type { TokenAttributes, TokenRecord } from '../../../control/token-registry.ts'
import { isoTime, PageQuery, Timestamp } from '../common-schemas.ts'

const Resources = z.record(z.string(), z.union([z.string(), z.record(z.string(), z.string())]))
const Effect = z.enum(['allow', 'deny'])
const Status = z.enum(['active', 'disabled', 'expired'])

/** The most entries of a list of addresses. */
const MOST_ADDRESSES = 100

/**
 * Bodies that grant rights are strict: a limit that is misspelt or unknown would be no limit. A client may send back members that we only
 * show, such as ids and names; they are ignored.
 */
const GivenPolicy = z.strictObject({
  id: z.string().optional(),
  effect: Effect,
  permission_groups: z.array(z.strictObject({ id: z.string(), name: z.string().optional(), meta: z.unknown().optional() })).min(1),
  resources: Resources,
})

const ShownPolicy = z.object({
  id: z.string(),
  effect: Effect,
  permission_groups: z.array(z.object({ id: z.string(), name: z.string() })),
  resources: Resources,
})

const Time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

const Address = z.string().refine(isAddressRange, 'must be an IPv4 or IPv6 address, or a prefix such as 192.0.2.0/24')

/** An empty list of allowed addresses would allow nobody. Clients write an empty list of refused ones. */
const Condition = z.strictObject({
  request_ip: z
    .strictObject({
      in: z.array(Address).min(1, 'must not be empty, since it would allow nobody: leave it out').max(MOST_ADDRESSES),
      not_in: z.array(Address).max(MOST_ADDRESSES),
    })
    .partial()
    .optional(),
})

export const TokenBody = z.strictObject({
  name: z.string().min(1).max(120),
  policies: z.array(GivenPolicy).min(1).max(50),
  not_before: Time.nullish(),
  expires_on: Time.nullish(),
  condition: Condition.nullish(),
  status: z.enum(['active', 'disabled'], { error: 'must be "active" or "disabled": when a token ends, expires_on says' }).optional(),
  /** Ignored, as in the policies: clients send these members back as we showed them. */
  id: z.string().optional(),
  issued_on: z.string().optional(),
  modified_on: z.string().optional(),
  last_used_on: z.string().nullish(),
})
export type TokenBody = z.output<typeof TokenBody>

export const Token = z.object({
  id: z.string(),
  name: z.string(),
  status: Status,
  issued_on: Timestamp,
  modified_on: Timestamp,
  not_before: Timestamp.optional(),
  expires_on: Timestamp.optional(),
  condition: z.object({ request_ip: z.object({ in: z.array(z.string()).optional(), not_in: z.array(z.string()).optional() }) }).optional(),
  policies: z.array(ShownPolicy),
})
export type Token = z.input<typeof Token>

export const CreatedToken = Token.extend({ value: z.string() })
export const DeletedToken = z.object({ id: z.string() })

export const ListTokensQuery = PageQuery.extend({ include_expired: z.stringbool().default(false) })
export type ListTokensQuery = z.output<typeof ListTokensQuery>

export const PermissionGroup = z.object({
  id: z.string(),
  name: z.string(),
  category: z.string(),
  scopes: z.array(z.string()),
  is_selectable: z.boolean(),
})
export const PermissionGroupsQuery = z.object({ name: z.string().optional(), scope: z.string().optional() })
export type PermissionGroupsQuery = z.output<typeof PermissionGroupsQuery>

/** Returns the attributes of a token from a body. */
export const attributesOf = (body: TokenBody): TokenAttributes => ({
  name: body.name,
  policies: body.policies,
  notBeforeMs: body.not_before ?? undefined,
  expiresMs: body.expires_on ?? undefined,
  addresses: addressesOf(body.condition),
  disabled: body.status === 'disabled',
})

/** Returns the limit of a condition; nothing for one that limits nothing. */
function addressesOf(condition: TokenBody['condition']): AddressLimit | undefined {
  const { in: only, not_in: notIn = [] } = condition?.request_ip ?? {}
  if (only === undefined && notIn.length === 0) return undefined
  return { ...(only && { in: only }), ...(notIn.length > 0 && { notIn }) }
}

const toCondition = ({ in: only, notIn }: AddressLimit): Token['condition'] => ({
  request_ip: { ...(only && { in: [...only] }), ...(notIn && { not_in: [...notIn] }) },
})

/** Returns a token as the REST API shows it. */
export function toToken(record: TokenRecord, nowMs: number): Token {
  const { id, name, policies, issuedMs, modifiedMs, notBeforeMs, expiresMs, addresses, disabled } = record
  const expired = expiresMs !== undefined && expiresMs <= nowMs
  return {
    id,
    name,
    status: disabled ? 'disabled' : expired ? 'expired' : 'active',
    issued_on: isoTime(issuedMs),
    modified_on: isoTime(modifiedMs),
    ...(notBeforeMs === undefined ? {} : { not_before: isoTime(notBeforeMs) }),
    ...(expiresMs === undefined ? {} : { expires_on: isoTime(expiresMs) }),
    ...(addresses && { condition: toCondition(addresses) }),
    policies: policies as Token['policies'],
  }
}

export const toPermissionGroup = ({ id, name, scope }: Group): z.input<typeof PermissionGroup> => ({
  id,
  name,
  category: 'developer_platform',
  scopes: [scope],
  is_selectable: true,
})
