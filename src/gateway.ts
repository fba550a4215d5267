import { waitUntil } from 'cloudflare:workers'
import { createAnalytics } from './analytics/analytics.ts'
import { SIPPY_ACTIONS } from './analytics/datasets.ts'
import { type Choice, chooseFace } from './choose-face.ts'
import { type Config, queueBindings, readConfig, readSecrets, type Secrets } from './config.ts'
import { createControl } from './control/control.ts'
import { DeploymentGuard } from './control/deployment.ts'
import { Strangers } from './control/strangers.ts'
import { StoreError } from './core/errors.ts'
import { newMeasure } from './core/operations.ts'
import { regionOf, type VisitorPlace } from './core/region.ts'
import { createEngine, jobStub } from './engine.ts'
import type { Env } from './env.ts'
import { dispatchAdmin } from './faces/admin/dispatch.ts'
import { dispatchPublic } from './faces/public/dispatch.ts'
import type { PublicPorts } from './faces/public/ports.ts'
import type { RestPorts } from './faces/rest/call.ts'
import { dispatchRest } from './faces/rest/dispatch.ts'
import { dispatch, type S3Ports } from './faces/s3/dispatch.ts'
import { health } from './health.ts'
import { comingFrom } from './http/client-network.ts'
import { logUnexpected } from './http/log-unexpected.ts'
import { createJobs } from './jobs/jobs.ts'
import { createQueues } from './queues/queues.ts'
import { hasCredentials, refuse } from './refuse.ts'
import { sealSecrets } from './sources/secrets.ts'
import type { SippyPorts } from './store/ports.ts'

/** The dependencies of all faces together. */
type FacePorts = S3Ports & RestPorts & PublicPorts

/** Everything that is built once per isolate. */
type Deployment = { readonly ok: true; readonly ports: FacePorts } | { readonly ok: false; readonly reason: string }

const deployments = new WeakMap<Env, Deployment>()

/** Answers a request with the face that it addresses. */
export async function handle(request: Request, env: Env): Promise<Response> {
  const deployment = deploymentOf(env)
  if (!deployment.ok) return new Response(`${deployment.reason}\n`, { status: 503, headers: { 'Retry-After': '60' } })
  deployment.ports.analytics.locate(() => regionOf((request.cf ?? {}) as VisitorPlace))
  try {
    return await serve(request, await choiceOf(request, deployment.ports), deployment.ports)
  } catch (error) {
    return refuse(request, error, deployment.ports.config)
  }
}

/** Returns the request, with the address that this deployment's settings give it: see {@link Config.connectionAddress}. */
export function arrived(request: Request, env: Env): Request {
  const deployment = deploymentOf(env)
  const address = deployment.ok ? deployment.ports.config.connectionAddress : undefined
  return address === undefined ? request : comingFrom(request, address)
}

function serve(request: Request, choice: Choice, ports: FacePorts): Promise<Response> {
  switch (choice.face) {
    case 'public':
      return dispatchPublic(request, choice.target, ports)
    case 'rest':
      return dispatchRest(request, ports)
    case 'admin':
      return dispatchAdmin(request, ports)
    case 'health':
      return health(request, ports)
    case 's3':
      return dispatch(request, ports)
  }
}

function choiceOf(request: Request, { config, control }: FacePorts): Promise<Choice> {
  const nowMs = Date.now()
  const url = parseUrl(request)
  const isCustomDomain = async (host: string) => {
    try {
      return (await control.findDomain(host, nowMs, control.visitor(request, nowMs)))?.kind === 'custom'
    } catch (error) {
      // The look-up failed. Visitors of a custom domain send no credentials, so a request with some is for another face, which verifies
      // them.
      if (!hasCredentials(request, url)) throw error
      logUnexpected(error)
      return false
    }
  }
  return chooseFace(url, config, isCustomDomain)
}

/** @throws StoreError BadRequest for an invalid host: `a b`, `x:99999`, `bucket.127.0.0.1` */
function parseUrl({ url }: Request): URL {
  const parsed = URL.parse(url)
  if (parsed) return parsed
  throw new StoreError('BadRequest', { message: 'The Host header is not a valid host name' })
}

/** Reads the configuration once per isolate. A deployment that lacks a secret answers nothing but the reason. */
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
  const strangers = new Strangers(env.STRANGER_RATE_LIMIT)
  const control = createControl({ db: env.CONTROL, secrets, config, strangers, mintLimit: env.MINT_RATE_LIMIT })
  const guard = new DeploymentGuard({ control: env.CONTROL, segments: env.SEGMENTS }, { ...secrets, lostKeyIds: config.lostKeyIds })
  const analytics = createAnalytics({ db: env.CONTROL, windowMs: config.analyticsMs, waitUntil, ready: () => guard.check() })
  const noteSippy: SippyPorts['note'] = (bucket, what, objectBytes) => {
    const measure = { ...newMeasure(), objectBytes }
    analytics.count({ op: SIPPY_ACTIONS[what], bucket, status: 200, measure, nowMs: Date.now() })
  }
  const store = createEngine(env, { config, keyring, keepAlive: waitUntil, noteSippy, ready: () => guard.check() })
  const jobs = createJobs({ store, control: env.CONTROL, job: (id) => jobStub(env.JOBS, id) })
  return {
    store,
    jobs,
    seal: (purpose, credentials) => sealSecrets(keyring, purpose, credentials),
    analytics,
    config,
    accountId,
    control,
    ready: () => guard.check(),
    queues,
    cache: caches.default,
    managedLimit: env.PUBLIC_RATE_LIMIT,
    missLimit: env.DOMAIN_RATE_LIMIT,
    waitUntil,
  }
}
