import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import type { Migration } from '../core/apply-migrations.ts'
import { bundleWorker, type WorkerModule } from './bundle.ts'
import { type ResolvedConfig, resolveConfig } from './runtime.ts'
import { FROM_SOURCE, ROOT } from './wrangler.ts'

/** A build of Cairn that starts without wrangler. */
export type Prebuilt = {
  readonly config: ResolvedConfig
  /** By the binding of the database. */
  readonly migrations: Readonly<Record<string, readonly Migration[]>>
  /** The modules of the Worker as it is deployed. */
  readonly worker: readonly WorkerModule[]
  /** The modules of the same Worker with the entrypoint that resets it. */
  readonly resettable: readonly WorkerModule[]
}

/** The file that describes a build. Its paths are relative to it. */
type Manifest = Prebuilt & { readonly sources: readonly string[] }

const CONFIG = join(ROOT, 'wrangler.jsonc')
const MANIFEST = 'build.json'
/** Where a build of the Worker is. */
export const PREBUILT = join(ROOT, 'dist/worker')

/** Returns the build that the package holds; in a checkout, builds first if a source has changed. */
export async function prebuilt(): Promise<Prebuilt> {
  if (FROM_SOURCE && !isFresh(PREBUILT)) await buildWorkers(PREBUILT)
  return readPrebuilt(PREBUILT)
}

/** @throws Error when the folder has no build */
export function readPrebuilt(folder: string): Prebuilt {
  const { config, migrations, worker, resettable } = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest
  const found = (modules: readonly WorkerModule[]) => modules.map(({ type, path }) => ({ type, path: join(folder, path) }))
  return { config, migrations, worker: found(worker), resettable: found(resettable) }
}

/** Builds both forms of the Worker into a folder. It is replaced as a whole at the end, so that a reader sees one build or the other. */
export async function buildWorkers(folder: string): Promise<void> {
  const work = `${folder}.${process.pid}`
  const [worker, resettable, config, migrations] = await Promise.all([
    bundleWorker(CONFIG, join(work, 'worker')),
    bundleWorker(CONFIG, join(work, 'resettable'), join(ROOT, 'src/resettable/worker.ts')),
    resolveConfig(CONFIG, []),
    readMigrations(),
  ])
  const { rootPath: _, ...options } = config.options
  const inside = (modules: readonly WorkerModule[]) => modules.map(({ type, path }) => ({ type, path: relative(work, path) }))
  const own = resettable.sources.map((path) => relative(ROOT, path)).filter(isOwn)
  const manifest: Manifest = {
    config: { name: config.name, options },
    migrations,
    worker: inside(worker.modules),
    resettable: inside(resettable.modules),
    sources: [...own, 'wrangler.jsonc', 'package-lock.json'],
  }
  const kept = new Set([...manifest.worker, ...manifest.resettable].map(({ path }) => path))
  for (const name of readdirSync(work, { recursive: true, encoding: 'utf8' })) {
    if (statSync(join(work, name)).isFile() && !kept.has(name)) rmSync(join(work, name)) // Source maps, and files about the build.
  }
  for (const path of kept) if (path.endsWith('.js')) dropSourceMap(join(work, path))
  writeFileSync(join(work, MANIFEST), JSON.stringify(manifest))
  replaceFolder(folder, work)
}

/** Source maps would be twice as large as the rest. A deployment refuses a module that names one that is missing. */
function dropSourceMap(path: string): void {
  const text = readFileSync(path, 'utf8')
  const at = text.lastIndexOf('\n//# sourceMappingURL=') + 1
  const isLastLine = at > 0 && !text.slice(at).trimEnd().includes('\n')
  if (isLastLine) writeFileSync(path, text.slice(0, at))
}

function replaceFolder(folder: string, work: string): void {
  const old = `${work}.old`
  if (existsSync(folder)) renameSync(folder, old)
  renameSync(work, folder)
  rmSync(old, { recursive: true, force: true })
}

const isOwn = (path: string): boolean => !isAbsolute(path) && !path.startsWith('..') && path.split(sep)[0] !== 'node_modules'

/** Whether a build is as new as its sources. */
function isFresh(folder: string): boolean {
  try {
    const builtMs = statSync(join(folder, MANIFEST)).mtimeMs
    const { sources } = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest
    const folders = ['migrations/control', 'migrations/segments', 'migrations/bucket', 'migrations/job']
    return [...sources, ...folders].every((path) => statSync(join(ROOT, path)).mtimeMs < builtMs)
  } catch {
    return false
  }
}

async function readMigrations(): Promise<Record<string, readonly Migration[]>> {
  const { unstable_splitSqlQuery: split, unstable_readConfig: readConfig } = await import('wrangler')
  const { d1_databases: databases } = readConfig({ config: CONFIG })
  const read = (folder: string): readonly Migration[] =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.sql'))
      .sort()
      .map((name) => ({ name, statements: split(readFileSync(join(ROOT, folder, name), 'utf8')) }))
  return Object.fromEntries(
    databases.map(({ binding, migrations_dir: folder = '' }: { binding: string; migrations_dir?: string }) => [binding, read(folder)]),
  )
}
