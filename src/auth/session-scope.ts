import { normalizeKey } from '../core/key.ts'
import type { BucketRef } from '../core/object.ts'
import type { Identity } from './authenticate.ts'
import { allows, type Permission, type PolicyLevel } from './policies.ts'

/** The limits of temporary credentials, in addition to those of their parent. */
export interface SessionScope {
  readonly bucket: BucketRef
  readonly level: PolicyLevel
  /** The allowed S3 operations. Absent means all that the level grants. */
  readonly actions?: readonly string[]
  /** The allowed keys. Absent means all. */
  readonly paths?: { readonly prefixes: readonly string[]; readonly objects: readonly string[] }
}

/** The access that a request needs. */
export interface Demand {
  readonly needs: Permission
  /** The name of the operation in the S3 API. */
  readonly action: string
  readonly bucket?: BucketRef
  readonly key?: string
  /** The prefix of a listing: every key in it starts with this. */
  readonly prefix?: string
}

/** Returns whether an identity may do something: its token must hold the permission, and its session, if there is one, must allow it. */
export function permits({ token, session }: Identity, demand: Demand): boolean {
  return allows(token, demand.needs, demand.bucket) && (session === undefined || isInScope(session, demand))
}

function isInScope({ bucket, level, actions, paths }: SessionScope, demand: Demand): boolean {
  if (demand.bucket === undefined) return false
  const session = { id: '', name: '', policies: [{ level, buckets: [bucket] }] }
  if (!allows(session, demand.needs, demand.bucket)) return false
  if (actions !== undefined && !actions.includes(demand.action)) return false
  return paths === undefined || isOnPath(paths, demand)
}

/**
 * Whether everything that a demand names lies on the paths: a key must be on one of them, and a listing must be wholly below one of the
 * prefixes. A demand can name both. An operation on a bucket that names neither is allowed if it reads, or if it names its keys later, as
 * DeleteObjects does. Operations that configure the bucket are never allowed.
 */
function isOnPath({ prefixes, objects }: NonNullable<SessionScope['paths']>, { needs, key, prefix }: Demand): boolean {
  if (needs !== 'object:read' && needs !== 'object:write') return false
  const isBelow = (text: string) => prefixes.some((start) => normalizeKey(text).startsWith(normalizeKey(start)))
  const isObject = (text: string) => objects.some((path) => normalizeKey(path) === normalizeKey(text))
  return (key === undefined || isBelow(key) || isObject(key)) && (prefix === undefined || isBelow(prefix))
}
