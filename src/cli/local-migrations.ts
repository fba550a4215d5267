import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, spawnWrangler } from './wrangler.ts'

/** The D1 databases of wrangler.jsonc and the folders that hold their migrations. */
export const DATABASES = [
  { name: 'cairn-control', folder: 'migrations/control' },
  { name: 'cairn-segments', folder: 'migrations/segments' },
]

/** Each wrangler run costs seconds, so a start whose migrations are those of the last one runs none. */
export async function applyLocalMigrations(persistTo: string): Promise<void> {
  const marker = join(persistTo, 'migrations.applied')
  const wanted = fingerprint()
  if (readMarker(marker) === wanted) return
  for (const { name } of DATABASES) await applyOne(name, persistTo)
  mkdirSync(persistTo, { recursive: true })
  writeFileSync(marker, wanted)
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

/** The migrations of the databases, and those that each Bucket applies to itself. */
export const migrationFiles = (): string[] =>
  [...DATABASES.map(({ folder }) => folder), 'migrations/bucket'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((file) => join(ROOT, folder, file)),
  )

function fingerprint(): string {
  const hash = createHash('sha256')
  for (const { name, folder } of DATABASES) {
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
