import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The project root. Wrangler finds wrangler.jsonc and its migrations from here, so npm may run in any folder. */
export const ROOT = join(import.meta.dirname, '../..')

/** Whether this is a checkout of the sources. Otherwise it is an installed package, which has a build and no sources. */
export const FROM_SOURCE = import.meta.filename.endsWith('.ts')

/** The folder of a deployment's configuration, and that configuration. `npx cairn deploy` keeps it in the folder of its user. */
export const PROJECT = FROM_SOURCE ? ROOT : process.cwd()
export const CONFIG = join(PROJECT, FROM_SOURCE ? 'wrangler.jsonc' : 'cairn.jsonc')

const WRANGLER = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')

/** Stops all calls to the network at the start: a laptop without a network starts as fast, and wrangler sends no reports. */
const QUIET = {
  CLOUDFLARE_CF_FETCH_ENABLED: 'false', // Do not fetch a sample `request.cf`.
  WRANGLER_HIDE_BANNER: 'true', // The banner asks npm for a newer version.
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
}

/**
 * For local runs only. Both features would slow every request down, and the explorer would show every object to anyone who can reach the
 * port.
 */
const LEAN = { X_LOCAL_EXPLORER: 'false', X_LOCAL_OBSERVABILITY: 'false' }

type WranglerOptions = SpawnOptions & { persistTo?: string }

/** A local run stores its service registry beside its data, so that two servers never see each other. */
const registryIn = (persistTo: string | undefined) => (persistTo ? { WRANGLER_REGISTRY_PATH: join(persistTo, 'registry') } : {})

/** Sets the same variables for wrangler and Miniflare inside this process. */
export function setQuietEnvironment(persistTo: string | undefined): void {
  Object.assign(process.env, QUIET, LEAN, registryIn(persistTo))
  process.env.WRANGLER_LOG ??= 'warn' // On a lower level it prints where the secrets come from.
}

/** Starts may overlap: the last one puts back the environment that the first one found. */
let quietRuns = 0
let loudEnvironment: NodeJS.ProcessEnv = {}

/** Runs something that starts Miniflare inside somebody else's process, and puts the process's environment back afterwards. */
export async function withQuietEnvironment<T>(persistTo: string | undefined, run: () => Promise<T>): Promise<T> {
  if (quietRuns++ === 0) loudEnvironment = { ...process.env }
  const before = loudEnvironment
  setQuietEnvironment(persistTo)
  try {
    return await run()
  } finally {
    if (--quietRuns === 0) {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
      Object.assign(process.env, before)
    }
  }
}

export function spawnWrangler(args: string[], { persistTo, env, ...options }: WranglerOptions = {}): ChildProcess {
  return spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    ...options,
    env: { ...(env ?? process.env), ...QUIET, ...LEAN, ...registryIn(persistTo) },
  })
}

/** Returns the queues for which wrangler.jsonc has producers. */
export async function boundQueues(): Promise<string[]> {
  const { unstable_readConfig: readConfig } = await import('wrangler')
  const { queues } = readConfig({ config: CONFIG })
  return (queues.producers ?? []).map(({ queue }: { queue: string }) => queue)
}

/** A D1 database of wrangler.jsonc. */
export type BoundDatabase = {
  name: string
  /** The folder of its migrations. */
  folder: string
  /** Whether the database exists at Cloudflare. The first deployment writes its id into wrangler.jsonc. */
  created: boolean
}

/** Returns the databases of wrangler.jsonc: first the database of the account, then the databases of segments. */
export async function boundDatabases(): Promise<BoundDatabase[]> {
  const { unstable_readConfig: readConfig } = await import('wrangler')
  const { d1_databases: databases } = readConfig({ config: CONFIG })
  return databases.map(
    ({ database_name: name = '', migrations_dir: folder = '', database_id: id }: Record<string, string | undefined>) => ({
      name,
      folder,
      created: Boolean(id),
    }),
  )
}

/** Returns the routes of wrangler.jsonc, and its variable HOSTS: the hosts of the API. */
export async function deployedRoutes(): Promise<{ routes: (string | { pattern: string })[]; hosts: string | undefined }> {
  const { unstable_readConfig: readConfig } = await import('wrangler')
  const { route, routes = [], vars } = readConfig({ config: CONFIG })
  return { routes: route === undefined ? routes : [route, ...routes], hosts: vars.HOSTS === undefined ? undefined : String(vars.HOSTS) }
}

export type Finished = {
  code: number
  output: string
  /** The standard error of a run with `errors`. */
  errors?: string
}

export type RunOptions = {
  input?: string
  /** Return the output as text. */
  capture?: boolean
  /** Return the standard error as text, and also print it to the terminal. */
  errors?: boolean
  /** Print nothing: only the exit code is needed. */
  quiet?: boolean
}

/** Runs wrangler to its end. The output goes to the terminal unless an option says otherwise. */
export function runWrangler(args: string[], { input, capture = false, errors = false, quiet = false }: RunOptions = {}): Promise<Finished> {
  const stdin = input === undefined ? 'inherit' : 'pipe'
  const terminal = quiet ? 'ignore' : 'inherit'
  const config = FROM_SOURCE ? [] : ['--config', CONFIG]
  const child = spawnWrangler([...args, ...config], {
    cwd: PROJECT,
    stdio: [stdin, capture ? 'pipe' : terminal, errors ? 'pipe' : terminal],
  })
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
