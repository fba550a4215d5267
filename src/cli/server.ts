import { join, relative } from 'node:path'
import { banner } from './banner.ts'
import { type Bundle, bundleWorker } from './bundle.ts'
import { ensureDevVars, type Secrets } from './dev-vars.ts'
import { endpointOf, noteEndpoint } from './endpoint.ts'
import { refusalOf } from './first-answer.ts'
import { lockFolder } from './folder-lock.ts'
import { stopWithNpm } from './lifetime.ts'
import { applyLocalMigrations, migrationFiles } from './local-migrations.ts'
import { checkPort } from './port.ts'
import { PREBUILT, readPrebuilt } from './prebuilt.ts'
import { writeReadyFile } from './ready-file.ts'
import { type BuiltWorker, type Runtime, runWorkers } from './runtime.ts'
import { DEFAULT_PORT, type Settings } from './settings.ts'
import { ENDING, withoutSignalHandlers } from './signals.ts'
import { watchFiles } from './watch-files.ts'
import { sayIgnored } from './worker-settings.ts'
import { FROM_SOURCE, ROOT, setQuietEnvironment } from './wrangler.ts'

const CAIRN = join(ROOT, 'wrangler.jsonc')

/** The local server: runs Cairn, and the Workers beside it, directly on workerd. */
export class Server {
  readonly #settings: Settings
  readonly #secrets: Secrets
  readonly #port: number
  #bundles: readonly Bundle[] = []
  #runtime: Runtime | undefined
  #stopWatching = () => {}
  #unlock = () => {}
  #reloading: Promise<void> | undefined
  #changedAgain = false

  constructor(settings: Settings) {
    this.#settings = settings
    this.#secrets = ensureDevVars(settings.devVarsPath)
    this.#port = settings.port ?? DEFAULT_PORT
  }

  /**
   * Builds and runs everything, and prints the banner.
   * @throws Error with a message for the person who started the server
   */
  async start(): Promise<void> {
    const { host, persistTo } = this.#settings
    await checkPort(host, this.#port)
    this.#unlock = lockFolder(persistTo)
    if (FROM_SOURCE) console.log('Building the Worker. The first start takes longer, because it makes the tables.')
    const [bundles] = await Promise.all([this.#build(), applyLocalMigrations(persistTo)])
    this.#bundles = bundles
    await this.#run()
    const { ports } = this.#runtime!
    const [endpoint = '', ...others] = [...ports].map(([, port]) => endpointOf(host, port))
    const refusal = await refusalOf(endpoint)
    if (refusal !== undefined) throw new Error(`Cairn did not start: ${refusal}`)
    noteEndpoint(persistTo, endpoint)
    if (this.#settings.readyFile !== undefined) writeReadyFile(this.#settings.readyFile, endpoint)
    console.log(banner(endpoint, this.#secrets.ROOT_TOKEN_ID))
    for (const [index, other] of others.entries()) console.log(`  ${[...ports.keys()][index + 1]} is ready on ${other}\n`)
  }

  /** Builds and restarts whenever a source changes, until `stop`. */
  watch(): void {
    this.#stopWatching()
    const sources = [...this.#configs(), ...migrationFiles(), ...this.#bundles.flatMap(({ sources }) => sources)]
    this.#stopWatching = watchFiles(sources, (file) => this.#reload(file))
  }

  async stop(): Promise<void> {
    this.#stopWatching()
    await this.#reloading
    await this.#runtime?.stop()
    this.#unlock()
  }

  #configs(): string[] {
    return [CAIRN, ...this.#settings.beside]
  }

  #build(): Promise<Bundle[]> {
    const folder = (index: number) => join(this.#settings.persistTo, index === 0 ? 'bundle' : `bundle-${index}`)
    const build = (config: string, index: number) => (index === 0 && !FROM_SOURCE ? packaged() : bundleWorker(config, folder(index)))
    return Promise.all(this.#configs().map(build))
  }

  async #run(): Promise<void> {
    const [cairn, ...beside] = this.#configs().map((config, index): BuiltWorker => ({ config, ...this.#bundles[index]! }))
    const place = { port: this.#port, ports: this.#runtime?.ports }
    setQuietEnvironment(this.#settings.persistTo)
    const options = { ...this.#settings, ...place, cairn: cairn!, beside, secrets: this.#secrets }
    this.#runtime = await withoutSignalHandlers(() => runWorkers(options))
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

  /** Builds, then restarts the Workers. If the build fails, the running Workers go on. */
  async #replace(): Promise<void> {
    const startMs = Date.now()
    this.#bundles = await this.#build().catch(failedReload)
    this.watch()
    await this.#runtime?.stop()
    await applyLocalMigrations(this.#settings.persistTo)
    await this.#run()
    console.log(`Reloaded in ${((Date.now() - startMs) / 1000).toFixed(1)} s`)
  }
}

/** The build that the package holds, with its configuration. */
function packaged(): Bundle & Pick<BuiltWorker, 'resolved'> {
  const { worker, config } = readPrebuilt(PREBUILT)
  return { modules: worker, sources: [], resolved: config }
}

/** @throws Error with the message of a failed build, and a line about the Workers that run */
function failedReload({ message }: Error): never {
  throw new Error(`${message}\nCairn goes on with the last build that succeeded.`)
}

/** Runs a server for the whole life of the process. An error prints its message and ends the process; a signal stops the server. */
export async function runServer(settings: () => Settings, { reloads }: { reloads: boolean }): Promise<void> {
  stopWithNpm()
  try {
    const read = settings()
    sayIgnored(read, process.env)
    const server = new Server(read)
    stopOnSignal(server)
    await startOrStop(server)
    if (reloads) server.watch()
  } catch (error) {
    console.error(reasonOf(error as NodeJS.ErrnoException))
    process.exit(1)
  }
}

function reasonOf({ code, message, path }: NodeJS.ErrnoException): string {
  if (code !== 'ENOSPC') return message
  return `The disk is full${path ? `: ${path} could not be written` : ''}. Make room, or choose another folder with PERSIST_TO and DEV_VARS.`
}

/** Starts a server. A start that fails leaves no workerd behind. */
async function startOrStop(server: Server): Promise<void> {
  try {
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** The first signal lets the requests in flight end; a second signal exits at once. */
function stopOnSignal(server: Server): void {
  let stopping = false
  for (const signal of ENDING) {
    process.on(signal, async () => {
      if (stopping) process.exit(1)
      stopping = true
      await server.stop()
      process.exit(0)
    })
  }
}
