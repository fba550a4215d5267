import type { BucketApi } from '../durable-objects/bucket/api.ts'
import { TokenFinder } from './control/tokens.ts'
import type { BucketRef, Location } from './core/object.ts'
import { type Config, type Env, readConfig, readSecrets, type Secrets, segmentBindings } from './env.ts'
import { dispatch, type S3Ports } from './faces/s3/dispatch.ts'
import { createSegments } from './segments/store.ts'
import { createStore } from './store/store.ts'

/** Everything that is made once for an isolate. */
type Deployment = { readonly ok: true; readonly s3: S3Ports } | { readonly ok: false; readonly reason: string }

const deployments = new WeakMap<Env, Deployment>()

/** Chooses the face that answers a request. Until there are others, every path is S3's but those reserved for the service. */
export async function handle(request: Request, env: Env): Promise<Response> {
  const deployment = deploymentOf(env)
  if (!deployment.ok) return new Response(`${deployment.reason}\n`, { status: 503, headers: { 'Retry-After': '60' } })
  return dispatch(request, deployment.s3)
}

/** Reads the configuration; a deployment that lacks a secret stores nothing and says why. */
function deploymentOf(env: Env): Deployment {
  const known = deployments.get(env)
  if (known) return known
  const made = makeDeployment(env)
  deployments.set(env, made)
  return made
}

function makeDeployment(env: Env): Deployment {
  try {
    return { ok: true, s3: s3Ports(env, readConfig(env), readSecrets(env)) }
  } catch (error) {
    const reason = (error as Error).message
    console.error(`This deployment is not configured: ${reason}`)
    return { ok: false, reason }
  }
}

function s3Ports(env: Env, config: Config, secrets: Secrets): S3Ports {
  const { accountId, keyring } = secrets
  const store = createStore({
    bucket: (ref, location) => bucketStub(env.BUCKETS, ref, location),
    segments: createSegments(segmentBindings(env), keyring, { config: config.segments }),
    control: env.CONTROL,
  })
  return { store, config, accountId, control: env.CONTROL, tokens: new TokenFinder(secrets) }
}

/** The stub of a bucket's Durable Object. A jurisdiction is a namespace of its own, and where the platform has it, a place. */
function bucketStub(namespace: Env['BUCKETS'], { jurisdiction, name }: BucketRef, location?: Location): BucketApi {
  const within = jurisdiction === 'default' ? namespace : withinJurisdiction(namespace, jurisdiction)
  const stub = within.get(within.idFromName(`${jurisdiction}/${name}`), location && { locationHint: location })
  return stub as unknown as BucketApi
}

/** Local servers have no jurisdictions: the name keeps the buckets apart there. */
function withinJurisdiction(namespace: Env['BUCKETS'], jurisdiction: 'eu' | 'fedramp'): Env['BUCKETS'] {
  try {
    return namespace.jurisdiction(jurisdiction)
  } catch {
    return namespace
  }
}
