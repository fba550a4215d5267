import { normalizeKey } from '../core/key.ts'
import type { BucketRef } from '../core/object.ts'
import type { Identity } from './authenticate.ts'
import { allows, type Permission, type PolicyLevel } from './policies.ts'

/** What temporary credentials are limited to, on top of what their parent holds. */
export interface SessionScope {
  readonly bucket: BucketRef
  readonly level: PolicyLevel
  /** The only S3 operations; absent means all that the level grants. */
  readonly actions?: readonly string[]
  /** The only keys; absent means all. */
  readonly paths?: { readonly prefixes: readonly string[]; readonly objects: readonly string[] }
}

/** What a request wants to do. */
export interface Demand {
  readonly needs: Permission
  /** The name of the operation in the S3 API. */
  readonly action: string
  readonly bucket?: BucketRef
  readonly key?: string
  /** Of a listing: every key that it may show starts with it. */
  readonly prefix?: string
}

/** Whether an identity may do something: its token holds the permission, and its session, if it is one, does not leave it out. */
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
 * Everything that a demand names must lie on the paths: a key on one of them, a listing wholly below one of the prefixes; a demand can
 * name both. Operations on a bucket that name neither are free if they read or if they name their keys later, as DeleteObjects does;
 * those that configure the bucket never are.
 */
function isOnPath({ prefixes, objects }: NonNullable<SessionScope['paths']>, { needs, key, prefix }: Demand): boolean {
  if (needs !== 'object:read' && needs !== 'object:write') return false
  const isBelow = (text: string) => prefixes.some((start) => normalizeKey(text).startsWith(normalizeKey(start)))
  const isObject = (text: string) => objects.some((path) => normalizeKey(path) === normalizeKey(text))
  return (key === undefined || isBelow(key) || isObject(key)) && (prefix === undefined || isBelow(prefix))
}
