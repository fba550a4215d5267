import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ROOT, spawnWrangler } from './wrangler.ts'

/** One module of a built Worker, in the form that Miniflare accepts. */
export type WorkerModule = { type: 'ESModule' | 'Text' | 'CompiledWasm' | 'Data'; path: string }

export type Bundle = {
  /** The entry module comes first. */
  readonly modules: readonly WorkerModule[]
  /** The source files of the bundle. */
  readonly sources: readonly string[]
}

const META = 'bundle-meta.json'
const TYPES: Record<string, WorkerModule['type']> = {
  js: 'ESModule',
  mjs: 'ESModule',
  sql: 'Text',
  txt: 'Text',
  html: 'Text',
  wasm: 'CompiledWasm',
}

/**
 * Builds a Worker as a deployment would, with wrangler's own esbuild, flags and module rules, and uploads nothing. `main` replaces the
 * entry that the configuration names.
 * @throws Error with the output of wrangler
 */
export async function bundleWorker(config: string, folder: string, main?: string): Promise<Bundle> {
  rmSync(folder, { recursive: true, force: true }) // Module names contain hashes, so modules of an older build would stay.
  const entry = main === undefined ? [] : [main]
  const child = spawnWrangler(['deploy', ...entry, '--dry-run', '--no-minify', '--config', config, '--outdir', folder, '--metafile'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`The Worker of ${config} could not be built:\n${output.trim()}`)
  const { inputs, outputs } = JSON.parse(readFileSync(join(folder, META), 'utf8')) as Meta
  return { modules: modulesIn(folder, entryOf(outputs)), sources: Object.keys(inputs).map((path) => resolve(dirname(config), path)) }
}

/** The part of esbuild's metafile that we read. */
type Meta = { inputs: Record<string, unknown>; outputs: Record<string, { entryPoint?: string }> }

const entryOf = (outputs: Meta['outputs']): string =>
  basename(Object.entries(outputs).find(([, { entryPoint }]) => entryPoint !== undefined)?.[0] ?? 'index.js')

function modulesIn(folder: string, entry: string): WorkerModule[] {
  const isModule = (name: string) => !name.endsWith('.map') && name !== 'README.md' && name !== META
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w{1,16}$/.test(name) && isModule(name))
  const ordered = [entry, ...names.filter((name) => name !== entry)]
  return ordered.map((name) => ({ type: TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'Data', path: join(folder, name) }))
}
