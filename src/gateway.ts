import { waitUntil } from 'cloudflare:workers'
import { type IRequest, IttyRouter } from 'itty-router'
import { type Config, queueBindings, readConfig, readSecrets, type Secrets } from './config.ts'
import { DeploymentGuard } from './control/deployment.ts'
import { TokenFinder } from './control/tokens.ts'
import { isBucketName } from './core/bucket-name.ts'
import { StoreError } from './core/errors.ts'
import type { BucketRef, Jurisdiction, Location } from './core/object.ts'
import { ADMIN_SEGMENT, PUBLIC_SEGMENT, RESERVED_SEGMENTS } from './core/reserved-names.ts'
import { type Env, segmentBindings } from './env.ts'
import { dispatchAdmin } from './faces/admin/dispatch.ts'
import { dispatchPublic } from './faces/public/dispatch.ts'
import type { PublicPorts } from './faces/public/ports.ts'
import { targetOfHost, targetOfPath } from './faces/public/target.ts'
import type { RestPorts } from './faces/rest/call.ts'
import { dispatchRest } from './faces/rest/dispatch.ts'
import { readAddress } from './faces/s3/address.ts'
import { dispatch, type S3Ports } from './faces/s3/dispatch.ts'
import { createQueues } from './queues/queues.ts'
import { createSegments } from './segments/store.ts'
import type { BucketApi } from './store/bucket-api.ts'
import { createStore } from './store/store.ts'

/** What the faces work with, all of them together. */
type FacePorts = S3Ports & RestPorts & PublicPorts

/** Everything that is made once for an isolate. */
type Deployment = { readonly ok: true; readonly ports: FacePorts } | { readonly ok: false; readonly reason: string }

const deployments = new WeakMap<Env, Deployment>()

/** The path chooses the face, except under a bucket's own host, where every path is a key: of a public bucket, or of S3. */
const faces = IttyRouter<IRequest, [FacePorts]>()
  .all('*', (request, ports) => servePublicHost(request, ports))
  .all('/client/v4/*', (request, ports) => (hasBucketHost(request, ports) ? undefined : dispatchRest(request, ports)))
  .all(`/${ADMIN_SEGMENT}/*`, (request, ports) => (hasBucketHost(request, ports) ? undefined : dispatchAdmin(request, ports)))
  .all(`/${PUBLIC_SEGMENT}/*`, (request, ports) => (hasBucketHost(request, ports) ? undefined : servePublicPath(request, ports)))
  .all('*', (request, ports) => dispatch(request, ports))

/** Answers a request with the face that it is for. */
export async function handle(request: Request, env: Env): Promise<Response> {
  const deployment = deploymentOf(env)
  if (!deployment.ok) return new Response(`${deployment.reason}\n`, { status: 503, headers: { 'Retry-After': '60' } })
  return faces.fetch(request as IRequest, deployment.ports)
}

async function servePublicHost(request: Request, ports: PublicPorts): Promise<Response | undefined> {
  const target = await targetOfHost(new URL(request.url), ports)
  return target && dispatchPublic(request, target, ports)
}

const servePublicPath = (request: Request, ports: PublicPorts): Promise<Response> =>
  dispatchPublic(request, targetOfPath(new URL(request.url)), ports)

function hasBucketHost(request: Request, { config }: RestPorts): boolean {
  const address = readAddress(new URL(request.url), config)
  return address.on === 'object' && !RESERVED_SEGMENTS.includes(address.bucket)
}

/** Reads the configuration; a deployment that lacks a secret stores nothing and says why. */
export function deploymentOf(env: Env): Deployment {
  const known = deployments.get(env)
  if (known) return known
  const made = makeDeployment(env)
  deployments.set(env, made)
  return made
}

function makeDeployment(env: Env): Deployment {
  try {
    return { ok: true, ports: portsOf(env, readConfig(env), readSecrets(env)) }
  } catch (error) {
    const reason = (error as Error).message
    console.error(`This deployment is not configured: ${reason}`)
    return { ok: false, reason }
  }
}

function portsOf(env: Env, config: Config, secrets: Secrets): FacePorts {
  const { accountId, keyring } = secrets
  const queues = createQueues(queueBindings(env))
  const store = createStore({
    bucket: (ref, location) => bucketStub(env.BUCKETS, ref, location),
    segments: createSegments(segmentBindings(env), keyring, { config: config.segments, deployment: accountId }),
    control: env.CONTROL,
    queues,
  })
  const guard = new DeploymentGuard({ control: env.CONTROL, segments: env.SEGMENTS }, { ...secrets, lostKeyIds: config.lostKeyIds })
  const publicPorts = { cache: caches.default, rateLimit: env.PUBLIC_RATE_LIMIT, waitUntil }
  return {
    store,
    config,
    secrets,
    accountId,
    control: env.CONTROL,
    ready: () => guard.check(),
    queues,
    tokens: new TokenFinder(secrets),
    ...publicPorts,
  }
}

/**
 * The stub of a bucket's Durable Object. A jurisdiction is a namespace of its own, and where the platform has it, a place.
 * @throws StoreError NoSuchBucket for a name that no bucket can have, which wakes nothing.
 */
function bucketStub(namespace: Env['BUCKETS'], { jurisdiction, name }: BucketRef, location?: Location): BucketApi {
  if (!isBucketName(name)) throw new StoreError('NoSuchBucket')
  const within = jurisdiction === 'default' ? namespace : withinJurisdiction(namespace, jurisdiction)
  const stub = within.get(within.idFromName(`${jurisdiction}/${name}`), location && { locationHint: location })
  return stub as unknown as BucketApi
}

/** Local servers have no jurisdictions, and say so: the name keeps the buckets apart there. Any other failure must not move data elsewhere. */
function withinJurisdiction(namespace: Env['BUCKETS'], jurisdiction: Exclude<Jurisdiction, 'default'>): Env['BUCKETS'] {
  try {
    return namespace.jurisdiction(jurisdiction)
  } catch (error) {
    if (!/not implemented/i.test((error as Error).message)) throw error
    return namespace
  }
}
