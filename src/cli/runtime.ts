import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { dirname, join } from 'node:path'
import { CoreHeaders, convertV4MiniflareOptions, Miniflare } from 'miniflare'
import type { Unstable_MiniflareWorkerOptions } from 'wrangler'
import type { WorkerModule } from './bundle.ts'
import { watchingChild } from './own-child.ts'
import { checkPort } from './port.ts'
import type { Settings } from './settings.ts'

/** Workers that run inside workerd, each on its own socket. */
export type Runtime = {
  /** The port of each Worker that listens, by the name of the Worker. Cairn comes first. */
  readonly ports: ReadonlyMap<string, number>
  /** The URL of Cairn's privileged entrypoint, if it has one. */
  readonly controlUrl?: string
  /** Accepts no further connection, lets the requests in flight end, and resolves when the process has ended. */
  stop(): Promise<void>
}

/** A built Worker and the configuration that it was built from. `resolved` is that configuration as wrangler has read it before. */
export type BuiltWorker = { readonly config: string; readonly modules: readonly WorkerModule[]; readonly resolved?: ResolvedConfig }

/** The part of a configuration that running a Worker needs, in Miniflare's form. */
export type ResolvedConfig = { readonly name: string; readonly options: Readonly<Record<string, unknown>> }

type RunOptions = Pick<Settings, 'host' | 'devVarsPath' | 'vars'> & {
  /** The folder of the data. Without one, the data is gone when the Workers stop. */
  persistTo?: string
  /** The port of Cairn. With 0, Cairn and the Workers beside it listen on free ports. */
  port: number
  /** The ports of the previous run, by the names of Workers. A Worker with a free port keeps its port. */
  ports?: Runtime['ports']
  cairn: BuiltWorker
  /** Other Workers. A Worker with a `dev.port` in its configuration listens on that port. */
  beside: readonly BuiltWorker[]
  /** Everything in the secrets file. */
  secrets: Readonly<Record<string, string>>
  /** The name of a privileged entrypoint of Cairn. It listens on a free port of the loopback address. */
  control?: string
}

/**
 * Miniflare accepts `request.cf` in a header of this name, for its own entry Worker. We run without that Worker, so any client could send
 * the header. Without the name, workerd writes into `request.cf` the address that a connection comes from.
 */
Reflect.deleteProperty(CoreHeaders, 'CF_BLOB')

/** How long requests in flight may take after a stop. After that they are aborted. */
const DRAIN_MS = 5000

/**
 * Runs the built Workers with the bindings of their configurations. It uses the same data folder, ids and vars as `wrangler dev`.
 * Each Worker has its own socket. A proxy or an entry Worker in between would inject `cf`, decompress and compress.
 */
export async function runWorkers({ cairn, beside, secrets, vars, persistTo, port, ...place }: RunOptions): Promise<Runtime> {
  // A local KV has no limit of operations, and sources may be other servers of this machine.
  const bindings = { KV_OPERATIONS: '0', SOURCES_LOCAL: 'true', ...secrets, ...pairsOf(vars) }
  const own = await workerOf(cairn, { ...place, port, envFiles: [place.devVarsPath], bindings })
  const others = await Promise.all(beside.map((worker) => workerOf(worker, { ...place, control: undefined, free: port === 0 })))
  for (const { name, unsafeDirectSockets } of others) {
    for (const { port: asked } of unsafeDirectSockets)
      await checkPort(place.host, asked, `"dev": { "port" } in the configuration of ${name}`)
  }
  const workers = [own, ...others]
  const logs = { handleStructuredLogs: beside.length > 0 ? printEverything : printProblems }
  const shared = { host: '127.0.0.1', port: 0, resourcePersistencePath: persistTo && join(persistTo, 'v3'), cf: false, ...logs }
  const { value: miniflare, child } = await watchingChild(() =>
    ready(new Miniflare(convertV4MiniflareOptions({ ...shared, workers } as unknown as Parameters<typeof convertV4MiniflareOptions>[0]))),
  )
  let disposal: Promise<void> | undefined
  const dispose = () => {
    disposal ??= miniflare.dispose()
    return disposal
  }
  const end = async () => {
    if (child.current) await drain(child.current, dispose)
    await dispose()
    child.forget()
  }
  let ended: Promise<void> | undefined
  const stop = () => {
    ended ??= end()
    return ended
  }
  const controlUrl = place.control && String(await miniflare.unsafeGetDirectURL(own.name, place.control))
  return { ports: await portsOf(miniflare, workers), controlUrl, stop }
}

async function portsOf(miniflare: Miniflare, workers: readonly { name: string; unsafeDirectSockets: unknown[] }[]) {
  const ports = new Map<string, number>()
  for (const { name, unsafeDirectSockets } of workers) {
    if (unsafeDirectSockets.length > 0) ports.set(name, Number((await miniflare.unsafeGetDirectURL(name)).port))
  }
  return ports
}

async function ready(miniflare: Miniflare): Promise<Miniflare> {
  try {
    await miniflare.ready
    return miniflare
  } catch (error) {
    await miniflare.dispose().catch(() => {})
    throw error
  }
}

/** Miniflare starts workerd again when it ends by itself, so `atExit` tells it in the same moment that this was the end. */
async function drain(child: ChildProcess, atExit: () => unknown): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child.once('exit', atExit), 'exit')
  child.kill('SIGTERM')
  const limit = AbortSignal.timeout(DRAIN_MS)
  await Promise.race([exit, once(limit, 'abort')])
}

const pairsOf = (vars: readonly string[]): Record<string, string> =>
  Object.fromEntries(vars.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))

type Log = { level: string; message: string }

/** Prints warnings and errors only, because each log line of a request costs a write. */
function printProblems({ level, message }: Log): void {
  if (level === 'warn' || level === 'error') console.error(message)
}

/** Prints every log line: the author of a Worker wants to see its logs. */
const printEverything = ({ level, message }: Log): void => (level === 'warn' || level === 'error' ? console.error : console.log)(message)

type WorkerPlace = {
  host: string
  /** Default: the port in the configuration. */
  port?: number
  /** Whether a free port replaces the port in the configuration. */
  free?: boolean
  ports?: Runtime['ports']
  /** The files with secrets. Default: the file beside the configuration. */
  envFiles?: string[]
  bindings?: Readonly<Record<string, string>>
  control?: string
}

/** Reads a configuration with wrangler's own code, so that every binding has the same local id as under `wrangler dev`. */
export async function resolveConfig(path: string, envFiles?: string[]): Promise<ResolvedConfig & { readonly port?: number }> {
  const { unstable_getMiniflareWorkerOptions: read, unstable_readConfig: readConfig } = await import('wrangler')
  const config = readConfig({ config: path })
  // The option `envFiles` is missing in wrangler's types.
  const extra = { envFiles } as Parameters<typeof read>[2]
  const { workerOptions } = read(config, undefined, extra) as { workerOptions: Unstable_MiniflareWorkerOptions['workerOptions'] }
  const { modulesRules: _, ...options } = workerOptions as typeof workerOptions & { modulesRules?: unknown }
  return { name: config.name ?? path, port: config.dev.port, options: options as unknown as Record<string, unknown> }
}

async function workerOf({ config: path, modules, resolved }: BuiltWorker, place: WorkerPlace) {
  const { host, envFiles, bindings, control } = place
  const { name, options, port: configured }: Awaited<ReturnType<typeof resolveConfig>> = resolved ?? (await resolveConfig(path, envFiles))
  const port = portFor(name, configured, place)
  return {
    ...options,
    name,
    rootPath: dirname(path),
    modules,
    modulesRoot: dirname(modules[0]!.path),
    bindings: { ...(options.bindings as Record<string, unknown> | undefined), ...bindings },
    unsafeDirectSockets: [
      ...(port === undefined ? [] : [{ host: isIPv6(host) ? `[${host}]` : host, port }]),
      ...(control === undefined ? [] : [{ host: '127.0.0.1', port: 0, entrypoint: control }]),
    ],
  }
}

function portFor(name: string, configured: number | undefined, { port, free = false, ports }: WorkerPlace): number | undefined {
  const asked = port ?? (free && configured !== undefined ? 0 : configured)
  return asked === 0 ? (ports?.get(name) ?? 0) : asked
}
