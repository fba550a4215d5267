import { join, relative } from 'node:path'
import { banner } from './banner.ts'
import { type Bundle, bundleWorker } from './bundle.ts'
import { ensureDevVars, type Secrets } from './dev-vars.ts'
import { endpointOf, noteEndpoint } from './endpoint.ts'
import { stopWithNpm } from './lifetime.ts'
import { applyLocalMigrations, migrationFiles } from './local-migrations.ts'
import { checkPort } from './port.ts'
import { type Runtime, runWorkers } from './runtime.ts'
import { DEFAULT_PORT, type Settings } from './settings.ts'
import { watchFiles } from './watch-files.ts'
import { sayIgnored } from './worker-settings.ts'
import { ROOT } from './wrangler.ts'

const CAIRN = join(ROOT, 'wrangler.jsonc')

/** The local server: Cairn, and the Workers beside it, straight on workerd. */
export class Server {
  readonly #settings: Settings
  readonly #secrets: Secrets
  readonly #port: number
  #bundles: readonly Bundle[] = []
  #runtime: Runtime | undefined
  #stopWatching = () => {}
  #reloading: Promise<void> | undefined
  #changedAgain = false

  constructor(settings: Settings) {
    this.#settings = settings
    this.#secrets = ensureDevVars(settings.devVarsPath)
    this.#port = settings.port ?? DEFAULT_PORT
  }

  /**
   * Builds and runs everything, and prints the banner.
   * @throws Error with a text for whoever started it
   */
  async start(): Promise<void> {
    const { host, persistTo } = this.#settings
    await checkPort(host, this.#port)
    const [bundles] = await Promise.all([this.#build(), applyLocalMigrations(persistTo)])
    this.#bundles = bundles
    await this.#run()
    const { ports } = this.#runtime!
    const [endpoint = '', ...others] = [...ports].map(([, port]) => endpointOf(host, port))
    await fetch(endpoint) // Any answer will do: the Worker is compiled on its first request.
    noteEndpoint(persistTo, endpoint)
    console.log(banner(endpoint, this.#secrets.ROOT_TOKEN_ID))
    for (const [index, other] of others.entries()) console.log(`  ${[...ports.keys()][index + 1]} is ready on ${other}\n`)
  }

  /** Builds and runs again whenever a source changes, until `stop`. */
  watch(): void {
    this.#stopWatching()
    const sources = [...this.#configs(), ...migrationFiles(), ...this.#bundles.flatMap(({ sources }) => sources)]
    this.#stopWatching = watchFiles(sources, (file) => this.#reload(file))
  }

  async stop(): Promise<void> {
    this.#stopWatching()
    await this.#reloading
    await this.#runtime?.stop()
  }

  #configs(): string[] {
    return [CAIRN, ...this.#settings.beside]
  }

  #build(): Promise<Bundle[]> {
    const folder = (index: number) => join(this.#settings.persistTo, index === 0 ? 'bundle' : `bundle-${index}`)
    return Promise.all(this.#configs().map((config, index) => bundleWorker(config, folder(index))))
  }

  async #run(): Promise<void> {
    const [cairn, ...beside] = this.#configs().map((config, index) => ({ config, modules: this.#bundles[index]!.modules }))
    const place = { port: this.#port, ports: this.#runtime?.ports }
    this.#runtime = await runWorkers({ ...this.#settings, ...place, cairn: cairn!, beside, secrets: this.#secrets })
  }

  #reload(file: string): void {
    this.#changedAgain = true
    this.#reloading ??= this.#reloadUntilQuiet(file).finally(() => {
      this.#reloading = undefined
    })
  }

  async #reloadUntilQuiet(file: string): Promise<void> {
    console.log(`${relative(process.cwd(), file)} changed: building`)
    while (this.#changedAgain) {
      this.#changedAgain = false
      try {
        await this.#replace()
      } catch (error) {
        console.error((error as Error).message)
      }
    }
  }

  /** A build that fails leaves the running Workers alone. */
  async #replace(): Promise<void> {
    const startMs = Date.now()
    this.#bundles = await this.#build()
    this.watch()
    await this.#runtime?.stop()
    await applyLocalMigrations(this.#settings.persistTo)
    await this.#run()
    console.log(`Reloaded in ${((Date.now() - startMs) / 1000).toFixed(1)} s`)
  }
}

/** Runs a server from the first line to the last: an error ends the process with its text, a signal drains the server. */
export async function runServer(settings: () => Settings, { reloads }: { reloads: boolean }): Promise<void> {
  stopWithNpm()
  try {
    const read = settings()
    sayIgnored(read, process.env)
    const server = new Server(read)
    stopOnSignal(server)
    await server.start()
    if (reloads) server.watch()
  } catch (error) {
    console.error((error as Error).message)
    process.exit(1)
  }
}

/** The first signal drains; a second one does not wait. */
function stopOnSignal(server: Server): void {
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, async () => {
      if (stopping) process.exit(1)
      stopping = true
      await server.stop()
      process.exit(0)
    })
  }
}
