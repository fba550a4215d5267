import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { Unstable_MiniflareWorkerOptions } from 'wrangler'
import type { WorkerModule } from './bundle.ts'
import type { Settings } from './settings.ts'
import { ROOT, setQuietEnvironment } from './wrangler.ts'

/** The Worker inside workerd, on a socket of its own. */
export type Runtime = {
  readonly port: number
  /** Takes no further connection, lets the requests in flight end, and resolves when the process is gone. */
  stop(): Promise<void>
}

type RunOptions = Settings & {
  modules: readonly WorkerModule[]
  /** Everything in the secrets file. */
  secrets: Readonly<Record<string, string>>
}

/** Longer than a request in flight should take; after it they are cut. */
const DRAIN_MS = 5000

/**
 * Runs the built Worker with the bindings of wrangler.jsonc. The data folder, the ids in it and the vars are those of `wrangler dev`.
 * The socket belongs to the Worker itself: no proxy and no entry Worker is between, which would inject `cf`, decompress and compress.
 */
export async function runWorker({ modules, secrets, vars, ...settings }: RunOptions): Promise<Runtime> {
  setQuietEnvironment(settings.persistTo)
  const { Miniflare, convertV4MiniflareOptions } = loadMiniflare()
  const { name, options } = await workerOptions(settings.devVarsPath)
  const host = isIPv6(settings.host) ? `[${settings.host}]` : settings.host
  const worker = {
    ...options,
    name,
    rootPath: ROOT,
    modules,
    modulesRoot: join(modules[0]!.path, '..'),
    bindings: { ...options.bindings, ...secrets, ...pairsOf(vars) },
    unsafeDirectSockets: [{ host, port: settings.port }],
  }
  const shared = { host: '127.0.0.1', port: 0, resourcePersistencePath: join(settings.persistTo, 'v3'), cf: false, handleStructuredLogs }
  const { value: miniflare, child } = await watchingChild(() =>
    ready(new Miniflare(convertV4MiniflareOptions({ ...shared, workers: [worker] }))),
  )
  const { port } = await miniflare.unsafeGetDirectURL(name)
  const stop = async () => {
    if (child) await drain(child)
    await miniflare.dispose()
  }
  return { port: Number(port), stop }
}

async function ready(miniflare: MiniflareInstance): Promise<MiniflareInstance> {
  try {
    await miniflare.ready
    return miniflare
  } catch (error) {
    await miniflare.dispose().catch(() => {})
    throw error
  }
}

/** workerd drains on SIGTERM, but Miniflare only ever kills: Node tells of each child as it is made. */
async function watchingChild<T>(run: () => Promise<T>): Promise<{ value: T; child: ChildProcess | undefined }> {
  let child: ChildProcess | undefined
  const note = (message: unknown) => {
    child = (message as { process: ChildProcess }).process
  }
  subscribe('child_process', note)
  try {
    return { value: await run(), child }
  } finally {
    unsubscribe('child_process', note)
  }
}

async function drain(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const limit = AbortSignal.timeout(DRAIN_MS)
  await Promise.race([exit, once(limit, 'abort')])
}

const pairsOf = (vars: readonly string[]): Record<string, string> =>
  Object.fromEntries(vars.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))

/** What a request prints costs a write each; warnings and errors are shown. */
function handleStructuredLogs({ level, message }: { level: string; message: string }): void {
  if (level === 'warn' || level === 'error') console.error(message)
}

/** Wrangler's own reading of wrangler.jsonc, so that every binding has the local id that `wrangler dev` gives it. */
async function workerOptions(devVarsPath: string) {
  const { unstable_getMiniflareWorkerOptions: read, unstable_readConfig: readConfig } = await import('wrangler')
  const config = readConfig({ config: join(ROOT, 'wrangler.jsonc') })
  // The path of the secrets is an option that wrangler's types do not tell.
  const extra = { envFiles: [devVarsPath] } as Parameters<typeof read>[2]
  const { workerOptions } = read(config, undefined, extra) as { workerOptions: Unstable_MiniflareWorkerOptions['workerOptions'] }
  const { modulesRules: _, ...options } = workerOptions as typeof workerOptions & { modulesRules?: unknown }
  return { name: config.name!, options: options as typeof options & { bindings?: Record<string, unknown> } }
}

type MiniflareInstance = {
  readonly ready: Promise<URL>
  unsafeGetDirectURL(worker: string): Promise<URL>
  dispose(): Promise<void>
}
type MiniflareModule = {
  readonly Miniflare: new (options: unknown) => MiniflareInstance
  /** Wrangler hands its options over in the form of Miniflare's fourth version. */
  readonly convertV4MiniflareOptions: (options: unknown) => unknown
}

/** The Miniflare that wrangler brings, whose workerd runs `npm start` too; another may be hoisted beside it for the unit tests. */
function loadMiniflare(): MiniflareModule {
  const fromWrangler = createRequire(createRequire(import.meta.url).resolve('wrangler/package.json'))
  return fromWrangler('miniflare') as MiniflareModule
}
