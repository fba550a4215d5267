import { randomFillSync } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startServer } from '../acceptance/support/server.ts'
import type { Client, Place } from './harness/client.ts'
import { allClients } from './harness/clients.ts'
import { countsOf, type Matrix, matrixOf, SCENARIO_IDS } from './harness/matrix.ts'
import { DOC, ROOT, RUN } from './harness/paths.ts'
import { type Row, runClient, type Session } from './harness/session.ts'

const USAGE = `npm run test:clients -- [options] [clients]

Drives real clients against \`npm run serve\` with data of its own, and prints a matrix. Installs nothing: \`npm run install:clients\` does.

  clients                  beginnings of file names in test/clients; none means all
  --scenarios large,sync   only these of ${SCENARIO_IDS.join(', ')}
  --jobs N                 clients at the same time (2)
  --readme                 writes the matrix and its notes into docs/reference/clients.md
  --json FILE              writes the counts
`

const LARGE_BYTES = 200_000_000
const SCENARIO_LIMIT_MS = 180_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenarios: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    readme: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}

const wanted = values.scenarios.split(',').filter((id) => id !== '')
const unknown = wanted.filter((id) => !(SCENARIO_IDS as readonly string[]).includes(id))
const clients = await allClients(positionals)
if (unknown.length > 0 || clients.length === 0) {
  console.error(`${unknown.length > 0 ? `No such scenario: ${unknown.join(', ')}` : 'No such client'}\n\n${USAGE}`)
  process.exit(2)
}

process.chdir(ROOT)
const rows = await runAll(clients)
const matrix = matrixOf(rows)
const counts = countsOf(rows)
console.log(`\n${matrix.table}\n\n${matrix.notes}\n`)
if (values.readme) writeMatrix(matrix)
if (values.json) writeFileSync(values.json, `${JSON.stringify(counts)}\n`)
const hint = counts.notInstalled === 0 ? '' : ' (npm run install:clients installs those that package registries have)'
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.notInstalled} not installed${hint}`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

async function runAll(clients: readonly Client[]): Promise<Row[]> {
  rmSync(RUN, { recursive: true, force: true })
  // What was deleted goes soon, or the large files of all clients would stay on the disk.
  const server = await startServer({ door: 'serve', vars: { GARBAGE_GRACE_SECONDS: '10' } })
  try {
    const session: Session = { server, large: largeFile(), limitMs: SCENARIO_LIMIT_MS, wanted, said: (line) => console.log(line) }
    const rows: Row[] = []
    const rest = clients.entries()
    const work = async () => {
      for (const [index, client] of rest) rows[index] = await runClient(client, session)
    }
    await Promise.all(Array.from({ length: Number(values.jobs) }, work))
    return rows
  } finally {
    await server.stop()
    rmSync(RUN, { recursive: true, force: true })
  }
}

/** Random, so that nothing can compress it or take one part for another. */
function largeFile(): Place['large'] {
  const file = join(RUN, 'large.bin')
  mkdirSync(RUN, { recursive: true })
  writeFileSync(file, randomFillSync(Buffer.alloc(LARGE_BYTES)))
  return { file, bytes: LARGE_BYTES }
}

function writeMatrix({ table, notes }: Matrix): void {
  replacePrinted(DOC, 'matrix', table)
  replacePrinted(DOC, 'notes', notes)
}

/** Replaces what stands between the comments that say who printed it. */
function replacePrinted(file: string, name: string, text: string): void {
  const document = readFileSync(file, 'utf8')
  const printed = new RegExp(`(<!-- The ${name} .* printed by .* -->\\n)[\\s\\S]*(<!-- End of the ${name}. -->)`)
  if (!printed.test(document)) throw new Error(`${file} has no place for the ${name}`)
  writeFileSync(
    file,
    document.replace(printed, (_, start, end) => `${start}${text}\n${end}`),
  )
}
