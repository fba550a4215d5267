import type { BucketRef } from '../core/object.ts'

/** R2's four token levels. The object levels may be limited to named buckets. */
export type PolicyLevel = 'admin-read-write' | 'admin-read' | 'object-read-write' | 'object-read'

/**
 * What an operation needs: objects (listing them included), a bucket's existence and configuration, or the list of all buckets.
 * `bucket:write` covers creating and deleting buckets as well as configuring them.
 */
export type Permission = 'object:read' | 'object:write' | 'bucket:read' | 'bucket:write' | 'account:list'

export interface Policy {
  readonly level: PolicyLevel
  /** The only buckets that it covers; absent means all of them, those to come included. */
  readonly buckets?: readonly BucketRef[]
}

/** An API token as authorization sees it: without its value. */
export interface ApiToken {
  /** 32 lowercase hex digits; also the S3 access key id. */
  readonly id: string
  readonly name: string
  readonly policies: readonly Policy[]
  readonly notBeforeMs?: number
  readonly expiresMs?: number
}

const GRANTS: Readonly<Record<PolicyLevel, readonly Permission[]>> = {
  'admin-read-write': ['object:read', 'object:write', 'bucket:read', 'bucket:write', 'account:list'],
  'admin-read': ['object:read', 'bucket:read', 'account:list'],
  'object-read-write': ['object:read', 'object:write'],
  'object-read': ['object:read'],
}

/** Whether any of the token's policies grants `needs`; on `bucket`, where the operation has one. */
export function allows(token: ApiToken, needs: Permission, bucket?: BucketRef): boolean {
  return token.policies.some((policy) => GRANTS[policy.level].includes(needs) && covers(policy, bucket))
}

/** Whether the token may be used at `nowMs`; the moment it expires is already too late. */
export function isLive(token: ApiToken, nowMs: number): boolean {
  return (token.notBeforeMs ?? 0) <= nowMs && nowMs < (token.expiresMs ?? Number.POSITIVE_INFINITY)
}

/** A policy for named buckets says nothing about the account as a whole. */
function covers(policy: Policy, bucket: BucketRef | undefined): boolean {
  if (policy.buckets === undefined) return true
  return policy.buckets.some((covered) => covered.name === bucket?.name && covered.jurisdiction === bucket.jurisdiction)
}
