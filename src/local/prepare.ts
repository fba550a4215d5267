import { accessOf, type Place, type Token } from './access.ts'
import type { Access, BucketOptions, CairnOptions, Jurisdiction, Permission, TokenOptions } from './types.ts'

/** R2's permission groups. https://developers.cloudflare.com/fundamentals/api/reference/permissions/ */
const GROUPS: Readonly<Record<Permission, string>> = {
  'admin-read-write': 'bf7481a1826f439697cb59a20b22293e',
  'admin-read': 'b4992e1108244f5d8bfbd5744320c2e1',
  'object-read-write': '2efd5506f9c8494dacb1fa10a3e7d5b6',
  'object-read': '6a018a9f2fc74eb6b293b0c548f38b39',
}

/** The code of the answer that says that a bucket is there already. */
const BUCKET_EXISTS = 10004

interface RestCall {
  readonly body?: unknown
  readonly jurisdiction?: Jurisdiction
  /** An error code that counts as success. */
  readonly accepts?: number
}

/** Calls the REST API of one account. */
export class RestClient {
  readonly place: Place
  readonly baseUrl: string
  readonly token: string

  constructor(place: Place, token: string) {
    this.place = place
    this.baseUrl = `${place.endpoint}/client/v4`
    this.token = token
  }

  /** @throws Error with the message of the answer */
  async call<Result>(method: string, path: string, { body, jurisdiction = 'default', accepts }: RestCall = {}): Promise<Result> {
    const response = await fetch(`${this.baseUrl}/accounts/${this.place.accountId}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json', 'cf-r2-jurisdiction': jurisdiction },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const { success, errors, result } = (await response.json()) as Envelope<Result>
    if (!success && errors[0]?.code !== accepts) throw new Error(`${method} ${path}: ${errors[0]?.message ?? response.status}`)
    return result
  }
}

interface Envelope<Result> {
  readonly success: boolean
  readonly errors: readonly { readonly code: number; readonly message: string }[]
  readonly result: Result
}

const optionsOf = (bucket: string | BucketOptions): BucketOptions => (typeof bucket === 'string' ? { name: bucket } : bucket)

/** Creates the buckets that are missing. */
export async function createBuckets(rest: RestClient, buckets: CairnOptions['buckets'] = []): Promise<void> {
  await Promise.all(buckets.map(optionsOf).map((bucket) => createBucket(rest, bucket)))
}

/** @throws Error that names the bucket */
export async function createBucket(rest: RestClient, { name, jurisdiction }: BucketOptions): Promise<void> {
  try {
    await rest.call('POST', '/r2/buckets', { body: { name }, jurisdiction, accepts: BUCKET_EXISTS })
  } catch (error) {
    throw new Error(`The bucket "${name}" was not created: ${(error as Error).message}`)
  }
}

/** Enables the managed URL of each public bucket, and returns the URLs by the names of the buckets. */
export async function publicUrls(rest: RestClient, buckets: CairnOptions['buckets'] = []): Promise<Map<string, string>> {
  const published = buckets.map(optionsOf).filter(({ public: isPublic }) => isPublic)
  const urls = await Promise.all(published.map(async (bucket) => [bucket.name, await publish(rest, bucket)] as const))
  return new Map(urls)
}

async function publish(rest: RestClient, { name, jurisdiction }: BucketOptions): Promise<string> {
  const path = `/r2/buckets/${encodeURIComponent(name)}/domains/managed`
  const { domain } = await rest.call<{ domain: string }>('PUT', path, { body: { enabled: true }, jurisdiction })
  return `http://${domain}`
}

/** Creates the tokens, and returns the access of each by its name. */
export async function createTokens(rest: RestClient, tokens: CairnOptions['tokens'] = {}): Promise<Record<string, Access>> {
  const made = await Promise.all(
    Object.entries(tokens).map(async ([name, options]) => [name, await createToken(rest, name, options)] as const),
  )
  return Object.fromEntries(made.map(([name, token]) => [name, accessOf(rest.place, token)]))
}

function createToken(rest: RestClient, name: string, { permission, buckets }: TokenOptions): Promise<Token> {
  if (!Object.hasOwn(GROUPS, permission))
    throw new Error(`The token ${name} has no permission "${permission}": use ${Object.keys(GROUPS).join(', ')}.`)
  if (buckets && permission.startsWith('admin')) throw new Error(`The token ${name}: ${permission} cannot be limited to buckets.`)
  const policy = {
    effect: 'allow',
    permission_groups: [{ id: GROUPS[permission] }],
    resources: resourcesOf(rest.place.accountId, { permission, buckets }),
  }
  return rest.call<Token>('POST', '/tokens', { body: { name, policies: [policy] } })
}

function resourcesOf(accountId: string, { permission, buckets }: TokenOptions): Record<string, string | Record<string, string>> {
  const account = `com.cloudflare.api.account.${accountId}`
  if (permission.startsWith('admin')) return { [account]: '*' }
  if (buckets === undefined) return { [account]: { 'com.cloudflare.edge.r2.bucket.*': '*' } }
  return Object.fromEntries(buckets.map((bucket) => [`com.cloudflare.edge.r2.bucket.${accountId}_default_${bucket}`, '*']))
}
