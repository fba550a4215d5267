import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The project root: wrangler finds wrangler.jsonc and its migrations from here, wherever npm was called. */
export const ROOT = join(import.meta.dirname, '../..')

const WRANGLER = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')

/** A laptop without a network starts as fast as one with it, and nothing reports home. */
const QUIET = {
  CLOUDFLARE_CF_FETCH_ENABLED: 'false', // No look-up of a sample `request.cf`.
  WRANGLER_HIDE_BANNER: 'true', // The banner asks npm for a newer version.
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
}

/** Local only: both would cost requests per second, and the explorer would show every object to whoever reaches the port. */
const LEAN = { X_LOCAL_EXPLORER: 'false', X_LOCAL_OBSERVABILITY: 'false' }

type WranglerOptions = SpawnOptions & { persistTo?: string }

/** Local runs keep their service registry beside their data, so that two servers never see each other. */
const registryIn = (persistTo: string | undefined) => (persistTo ? { WRANGLER_REGISTRY_PATH: join(persistTo, 'registry') } : {})

/** The same for wrangler and Miniflare inside this process. */
export function setQuietEnvironment(persistTo: string): void {
  Object.assign(process.env, QUIET, LEAN, registryIn(persistTo))
  process.env.WRANGLER_LOG ??= 'warn' // It would tell where the secrets come from.
}

export function spawnWrangler(args: string[], { persistTo, env, ...options }: WranglerOptions = {}): ChildProcess {
  return spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    ...options,
    env: { ...(env ?? process.env), ...QUIET, ...LEAN, ...registryIn(persistTo) },
  })
}

/** The queues that wrangler.jsonc has producers for. */
export async function boundQueues(): Promise<string[]> {
  const { unstable_readConfig: readConfig } = await import('wrangler')
  const { queues } = readConfig({ config: join(ROOT, 'wrangler.jsonc') })
  return (queues.producers ?? []).map(({ queue }: { queue: string }) => queue)
}

/** A D1 database of wrangler.jsonc. */
export type BoundDatabase = {
  name: string
  /** The folder of its migrations. */
  folder: string
  /** Whether there is one at Cloudflare: the first deployment writes its id. */
  created: boolean
}

/** The databases of wrangler.jsonc: that of the account first, then those of segments. */
export async function boundDatabases(): Promise<BoundDatabase[]> {
  const { unstable_readConfig: readConfig } = await import('wrangler')
  const { d1_databases: databases } = readConfig({ config: join(ROOT, 'wrangler.jsonc') })
  return databases.map(
    ({ database_name: name = '', migrations_dir: folder = '', database_id: id }: Record<string, string | undefined>) => ({
      name,
      folder,
      created: Boolean(id),
    }),
  )
}

/** The routes of wrangler.jsonc, and the hosts of the API that it names. */
export async function deployedRoutes(): Promise<{ routes: (string | { pattern: string })[]; hosts: string | undefined }> {
  const { unstable_readConfig: readConfig } = await import('wrangler')
  const { route, routes = [], vars } = readConfig({ config: join(ROOT, 'wrangler.jsonc') })
  return { routes: route === undefined ? routes : [route, ...routes], hosts: vars.HOSTS === undefined ? undefined : String(vars.HOSTS) }
}

export type Finished = {
  code: number
  output: string
  /** Of a run with `errors`: what it wrote to its standard error. */
  errors?: string
}

export type RunOptions = {
  input?: string
  /** The output is wanted as text. */
  capture?: boolean
  /** What it complains of is wanted as text, beside the terminal. */
  errors?: boolean
  /** Only the exit code is wanted. */
  quiet?: boolean
}

/** Runs wrangler to its end. Output goes to the terminal unless told otherwise. */
export function runWrangler(args: string[], { input, capture = false, errors = false, quiet = false }: RunOptions = {}): Promise<Finished> {
  const stdin = input === undefined ? 'inherit' : 'pipe'
  const terminal = quiet ? 'ignore' : 'inherit'
  const child = spawnWrangler(args, { stdio: [stdin, capture ? 'pipe' : terminal, errors ? 'pipe' : terminal] })
  let output = ''
  let complaints = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
    process.stderr.write(text)
  })
  child.stdin?.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output, errors: complaints }))
  })
}
