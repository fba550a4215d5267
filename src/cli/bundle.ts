import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, spawnWrangler } from './wrangler.ts'

/** One module of a built Worker, as Miniflare takes it. */
export type WorkerModule = { type: 'ESModule' | 'Text' | 'CompiledWasm' | 'Data'; path: string }

const ENTRY = 'index.js'
const TYPES: Record<string, WorkerModule['type']> = {
  js: 'ESModule',
  mjs: 'ESModule',
  sql: 'Text',
  txt: 'Text',
  html: 'Text',
  wasm: 'CompiledWasm',
}

/** Builds the Worker as a deployment would, with wrangler's own esbuild, flags and module rules, and uploads nothing. The entry comes first. */
export async function bundleWorker(folder: string): Promise<WorkerModule[]> {
  rmSync(folder, { recursive: true, force: true }) // Module names carry hashes: those of an older build would stay.
  const child = spawnWrangler(['deploy', '--dry-run', '--outdir', folder], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`The Worker could not be built:\n${output}`)
  return modulesIn(folder)
}

function modulesIn(folder: string): WorkerModule[] {
  const isModule = (name: string) => !name.endsWith('.map') && name !== 'README.md'
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w{1,16}$/.test(name) && isModule(name))
  const ordered = [ENTRY, ...names.filter((name) => name !== ENTRY)]
  return ordered.map((name) => ({ type: TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'Data', path: join(folder, name) }))
}
