import type { Policy } from '../auth/policies.ts'
import { invalidArgument } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import { type BucketRef, JURISDICTIONS, type Jurisdiction } from '../core/object.ts'
import { PERMISSION_GROUPS, type PermissionGroup } from './permission-groups.ts'

/** The resources of a policy: names, each with `*` or with the resources inside it. */
export type Resources = Readonly<Record<string, string | Readonly<Record<string, string>>>>

/** A policy as clients of the REST API write it. */
export interface GivenPolicy {
  readonly effect: 'allow' | 'deny'
  readonly permission_groups: readonly { readonly id: string }[]
  readonly resources: Resources
}

/** A policy as the REST API returns it. */
export interface ShownPolicy extends GivenPolicy {
  readonly id: string
  readonly permission_groups: readonly { readonly id: string; readonly name: string }[]
}

const ACCOUNT = 'com.cloudflare.api.account.'
const BUCKET = 'com.cloudflare.edge.r2.bucket.'

/** All buckets of the account, or some of them. */
type Scope = 'all' | readonly BucketRef[]

/**
 * Compiles a policy for authorization: one rule per permission group.
 * @throws StoreError InvalidArgument for an unknown group or resource, or for a group that cannot apply to the resource.
 */
export function compilePolicy({ effect, permission_groups, resources }: GivenPolicy, accountId: string): Policy[] {
  const scope = scopeOf(resources, accountId)
  return permission_groups.map(({ id }) => {
    const group = findGroup(id)
    if (scope !== 'all' && group.scope !== 'com.cloudflare.edge.r2.bucket') {
      throw invalidArgument(`The permission group ${group.name} applies to accounts, not to buckets`)
    }
    return { level: group.level, ...(scope === 'all' ? {} : { buckets: scope }), ...(effect === 'deny' ? { effect } : {}) }
  })
}

/** Returns the policy with a new id and the names of its groups. */
export function showPolicy({ effect, permission_groups, resources }: GivenPolicy): ShownPolicy {
  const groups = permission_groups.map(({ id }) => ({ id, name: findGroup(id).name }))
  return { id: randomId(), effect, permission_groups: groups, resources }
}

function findGroup(id: string): PermissionGroup {
  const group = PERMISSION_GROUPS.find((known) => known.id === id)
  if (!group) throw invalidArgument(`There is no permission group ${id}`)
  return group
}

function scopeOf(resources: Resources, accountId: string): Scope {
  const scopes = Object.entries(resources).map(([name, value]) => scopeOfResource(name, value, accountId))
  if (scopes.length === 0) throw invalidArgument('A policy needs resources')
  return scopes.includes('all') ? 'all' : (scopes as BucketRef[][]).flat()
}

function scopeOfResource(name: string, value: Resources[string], accountId: string): Scope {
  if (typeof value !== 'string') {
    if (!isAccount(name, accountId)) throw noResource(name)
    return scopeOf(value, accountId)
  }
  if (value !== '*') throw invalidArgument(`The value of a resource is "*", not "${value}"`)
  if (isAccount(name, accountId) || name === `${BUCKET}*`) return 'all'
  return [bucketOf(name, accountId)]
}

const isAccount = (name: string, accountId: string): boolean => name === ACCOUNT + accountId || name === `${ACCOUNT}*`

/** Parses `<account>_<jurisdiction>_<bucket>`. Bucket names have no underscores. */
function bucketOf(name: string, accountId: string): BucketRef {
  const [account, jurisdiction, bucket, ...rest] = name.startsWith(BUCKET) ? name.slice(BUCKET.length).split('_') : []
  const known = JURISDICTIONS.includes(jurisdiction as Jurisdiction)
  if (account !== accountId || !known || !bucket || rest.length > 0) throw noResource(name)
  return { jurisdiction: jurisdiction as Jurisdiction, name: bucket }
}

const noResource = (name: string) => invalidArgument(`There is no resource ${name}`)
