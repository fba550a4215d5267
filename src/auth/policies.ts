import type { BucketRef } from '../core/object.ts'

/** R2's four token levels. The object levels may be limited to named buckets. */
export type PolicyLevel = 'admin-read-write' | 'admin-read' | 'object-read-write' | 'object-read'

/** What concerns the tokens themselves. */
export type TokensLevel = 'tokens-read-write' | 'tokens-read'

/**
 * What an operation needs: objects (listing them included), a bucket's existence and configuration, the list of all buckets,
 * the account as a whole, the audit log, or the tokens.
 * `bucket:write` covers creating and deleting buckets as well as configuring them; `account:write` what belongs to no bucket, such as
 * queues and the operators' tools.
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
  /** The only buckets that it covers; absent means all of them, those to come included. */
  readonly buckets?: readonly BucketRef[]
  /** Takes away what other policies grant. */
  readonly effect?: 'deny'
}

/** An API token as authorization sees it: without its value. */
export interface ApiToken {
  /** 32 lowercase hex digits; also the S3 access key id. */
  readonly id: string
  readonly name: string
  readonly policies: readonly Policy[]
  /** The token of the deployment itself: it may do everything. */
  readonly root?: true
  readonly notBeforeMs?: number
  readonly expiresMs?: number
}

const GRANTS: Readonly<Record<Policy['level'], readonly Permission[]>> = {
  'admin-read-write': ['object:read', 'object:write', 'bucket:read', 'bucket:write', 'account:list', 'account:write', 'audit:read'],
  'admin-read': ['object:read', 'bucket:read', 'account:list', 'audit:read'],
  'object-read-write': ['object:read', 'object:write'],
  'object-read': ['object:read'],
  'tokens-read-write': ['token:read', 'token:write'],
  'tokens-read': ['token:read'],
}

/** What a permission leads to besides itself: whoever configures a bucket can publish its objects, or let a rule delete them. */
const LEADS_TO: Partial<Readonly<Record<Permission, readonly Permission[]>>> = {
  'bucket:write': ['object:read', 'object:write'],
  'token:write': ['token:read'],
  'account:write': ['object:read', 'object:write', 'bucket:read', 'bucket:write'],
}

/**
 * Whether any of the token's policies grants `needs` and none denies it; on `bucket`, where the operation has one. A policy that denies
 * something denies every way to it.
 */
export function allows(token: ApiToken, needs: Permission, bucket?: BucketRef): boolean {
  if (token.root) return true
  const { policies } = token
  return policies.some((policy) => !isDenial(policy) && grants(policy, needs) && covers(policy, bucket)) && !isDenied(token, needs, bucket)
}

/** What is for the account as a whole leads to every bucket. */
function isDenied({ policies }: ApiToken, needs: Permission, bucket: BucketRef | undefined): boolean {
  const ways = [needs, ...(LEADS_TO[needs] ?? [])]
  const reaches = (policy: Policy) => needs === 'account:write' || covers(policy, bucket)
  return policies.some((policy) => isDenial(policy) && ways.some((way) => grants(policy, way)) && reaches(policy))
}

const grants = ({ level }: Policy, needs: Permission): boolean => GRANTS[level].includes(needs)

/**
 * Whether a token holds everything that a policy grants, so that it may pass that on. One that is denied anything passes nothing on:
 * what it made would not be denied that.
 */
export function mayGrant(token: ApiToken, policy: Policy): boolean {
  if (token.root || isDenial(policy)) return true
  if (token.policies.some(isDenial)) return false
  return GRANTS[policy.level].every((needs) =>
    policy.buckets === undefined ? holdsEverywhere(token, needs) : policy.buckets.every((bucket) => allows(token, needs, bucket)),
  )
}

/** Whether a token is for the account, not only for objects. */
export const isForAccount = (token: ApiToken): boolean =>
  token.root === true || token.policies.some(({ level, effect }) => level.startsWith('admin-') && effect !== 'deny')

const isDenial = ({ effect }: Policy): boolean => effect === 'deny'

const holdsEverywhere = (token: ApiToken, needs: Permission): boolean =>
  token.policies.some((policy) => policy.buckets === undefined && GRANTS[policy.level].includes(needs))

/** Whether the token may be used at `nowMs`; the moment it expires is already too late. */
export function isLive(token: ApiToken, nowMs: number): boolean {
  return (token.notBeforeMs ?? 0) <= nowMs && nowMs < (token.expiresMs ?? Number.POSITIVE_INFINITY)
}

/** A policy for named buckets says nothing about the account as a whole. */
function covers(policy: Policy, bucket: BucketRef | undefined): boolean {
  if (policy.buckets === undefined) return true
  return policy.buckets.some((covered) => covered.name === bucket?.name && covered.jurisdiction === bucket.jurisdiction)
}
