import type { BucketRef } from '../core/object.ts'
import type { AddressLimit } from './addresses.ts'

/** R2's four token levels. The object levels may be limited to named buckets. */
export type PolicyLevel = 'admin-read-write' | 'admin-read' | 'object-read-write' | 'object-read'

/** The levels for managing tokens. */
export type TokensLevel = 'tokens-read-write' | 'tokens-read'

/**
 * The permission that an operation needs: for objects (listing them included), for a bucket's existence and configuration, for the list
 * of all buckets, for the account as a whole, for the audit log, or for tokens. `bucket:write` covers creating, deleting and configuring
 * buckets. `account:write` covers all that belongs to no bucket, such as queues and the operators' tools.
 */
export type Permission =
  | 'object:read'
  | 'object:write'
  | 'bucket:read'
  | 'bucket:write'
  | 'account:list'
  | 'account:write'
  | 'audit:read'
  | 'token:read'
  | 'token:write'

export interface Policy {
  readonly level: PolicyLevel | TokensLevel
  /** The buckets that the policy covers. Absent means all buckets, future ones included. */
  readonly buckets?: readonly BucketRef[]
  /** A denial: it overrides other policies that grant the same. */
  readonly effect?: 'deny'
}

/** An API token without its value, as authorization needs it. */
export interface ApiToken {
  /** 32 lowercase hex digits; also the S3 access key id. */
  readonly id: string
  readonly name: string
  readonly policies: readonly Policy[]
  /** True for the deployment's own token, which may do everything. */
  readonly root?: true
  readonly notBeforeMs?: number
  readonly expiresMs?: number
  /** The addresses from which the token, and its temporary credentials, may be used. Absent means all. */
  readonly addresses?: AddressLimit
}

const GRANTS: Readonly<Record<Policy['level'], readonly Permission[]>> = {
  'admin-read-write': ['object:read', 'object:write', 'bucket:read', 'bucket:write', 'account:list', 'account:write', 'audit:read'],
  'admin-read': ['object:read', 'bucket:read', 'account:list', 'audit:read'],
  'object-read-write': ['object:read', 'object:write'],
  'object-read': ['object:read'],
  'tokens-read-write': ['token:read', 'token:write'],
  'tokens-read': ['token:read'],
}

/** Permissions that another one implies: a client that configures a bucket can publish its objects, or let a rule delete them. */
const LEADS_TO: Partial<Readonly<Record<Permission, readonly Permission[]>>> = {
  'bucket:write': ['object:read', 'object:write'],
  'token:write': ['token:read'],
  'account:write': ['object:read', 'object:write', 'bucket:read', 'bucket:write'],
}

/**
 * Returns whether a policy of the token grants `needs` and no policy denies it; on `bucket`, if the operation has one. A denial of a
 * permission also denies every permission that leads to it.
 */
export function allows(token: ApiToken, needs: Permission, bucket?: BucketRef): boolean {
  if (token.root) return true
  const { policies } = token
  return policies.some((policy) => !isDenial(policy) && grants(policy, needs) && covers(policy, bucket)) && !isDenied(token, needs, bucket)
}

/** Whether a policy denies the permission or one that it implies. `account:write` reaches every bucket, so any denial counts there. */
function isDenied({ policies }: ApiToken, needs: Permission, bucket: BucketRef | undefined): boolean {
  const ways = [needs, ...(LEADS_TO[needs] ?? [])]
  const reaches = (policy: Policy) => needs === 'account:write' || covers(policy, bucket)
  return policies.some((policy) => isDenial(policy) && ways.some((way) => grants(policy, way)) && reaches(policy))
}

const grants = ({ level }: Policy, needs: Permission): boolean => GRANTS[level].includes(needs)

/**
 * Returns whether a token holds everything that a policy grants, so that it may pass it on. A token with any denial passes nothing on,
 * because the new token would lack that denial.
 */
export function mayGrant(token: ApiToken, policy: Policy): boolean {
  if (token.root || isDenial(policy)) return true
  if (token.policies.some(isDenial)) return false
  return GRANTS[policy.level].every((needs) =>
    policy.buckets === undefined ? holdsEverywhere(token, needs) : policy.buckets.every((bucket) => allows(token, needs, bucket)),
  )
}

/** Returns whether a token is for the account and not only for objects. */
export const isForAccount = (token: ApiToken): boolean =>
  token.root === true || token.policies.some(({ level, effect }) => level.startsWith('admin-') && effect !== 'deny')

/** The buckets that a denial of the token names. Their entries in the audit log are not shown to it. */
export const deniedBuckets = ({ root, policies }: ApiToken): readonly BucketRef[] =>
  root ? [] : policies.flatMap((policy) => (isDenial(policy) ? (policy.buckets ?? []) : []))

const isDenial = ({ effect }: Policy): boolean => effect === 'deny'

const holdsEverywhere = (token: ApiToken, needs: Permission): boolean =>
  token.policies.some((policy) => policy.buckets === undefined && GRANTS[policy.level].includes(needs))

/** Returns whether the token is valid at `nowMs`. At the moment of its expiry it is already invalid. */
export function isLive(token: ApiToken, nowMs: number): boolean {
  return (token.notBeforeMs ?? 0) <= nowMs && nowMs < (token.expiresMs ?? Number.POSITIVE_INFINITY)
}

/** Whether a policy applies to a bucket. A policy for named buckets never applies to the account as a whole. */
function covers(policy: Policy, bucket: BucketRef | undefined): boolean {
  if (policy.buckets === undefined) return true
  return policy.buckets.some((covered) => covered.name === bucket?.name && covered.jurisdiction === bucket.jurisdiction)
}
