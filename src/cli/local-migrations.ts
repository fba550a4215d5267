import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { applyMigrations } from '../core/apply-migrations.ts'
import { PREBUILT, type Prebuilt, readPrebuilt } from './prebuilt.ts'
import { type BoundDatabase, boundDatabases, FROM_SOURCE, ROOT, spawnWrangler } from './wrangler.ts'

/** Applies the migrations, unless they are the same as at the last start: each run of wrangler takes seconds. */
export async function applyLocalMigrations(persistTo: string): Promise<void> {
  const marker = join(persistTo, 'migrations.applied')
  if (!FROM_SOURCE) return applyPackaged(persistTo, marker)
  const databases = await boundDatabases()
  const wanted = fingerprint(databases)
  if (readMarker(marker) === wanted) return
  for (const { name } of databases) await applyOne(name, persistTo)
  mkdirSync(persistTo, { recursive: true })
  writeFileSync(marker, wanted)
}

/** Applies the migrations of the package, without wrangler and its start of some seconds. */
async function applyPackaged(persistTo: string, marker: string): Promise<void> {
  const { migrations } = readPrebuilt(PREBUILT)
  const wanted = createHash('sha256').update(JSON.stringify(migrations)).digest('hex')
  if (readMarker(marker) === wanted) return
  await applyTo(persistTo, migrations)
  writeFileSync(marker, wanted)
}

async function applyTo(persistTo: string, migrations: Prebuilt['migrations']): Promise<void> {
  const names = Object.keys(migrations)
  const options = {
    modules: true,
    script: 'export default {}',
    d1Databases: names,
    cf: false,
    resourcePersistencePath: join(persistTo, 'v3'),
  }
  const miniflare = new Miniflare(convertV4MiniflareOptions(options as Parameters<typeof convertV4MiniflareOptions>[0]))
  try {
    for (const name of names) await applyMigrations(await miniflare.getD1Database(name), migrations[name]!)
  } finally {
    await miniflare.dispose()
  }
}

async function applyOne(name: string, persistTo: string): Promise<void> {
  const child = spawnWrangler(['d1', 'migrations', 'apply', name, '--local', '--persist-to', persistTo], {
    persistTo,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`The migrations of ${name} could not be applied:\n${output}`)
}

/** All databases of segments share one folder. */
const FOLDERS = ['migrations/control', 'migrations/segments', 'migrations/bucket', 'migrations/job']

/** The migrations of the databases, and the migrations that each Bucket and each Job applies to itself. */
export const migrationFiles = (): string[] =>
  FOLDERS.flatMap((folder) => readdirSync(join(ROOT, folder)).map((file) => join(ROOT, folder, file)))

function fingerprint(databases: readonly BoundDatabase[]): string {
  const hash = createHash('sha256')
  for (const { name, folder } of databases) {
    for (const file of readdirSync(join(ROOT, folder)).sort())
      hash.update(`${name}/${file}\0`).update(readFileSync(join(ROOT, folder, file)))
  }
  return hash.digest('hex')
}

function readMarker(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
