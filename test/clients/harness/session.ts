import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Server } from '../../acceptance/support/server.ts'
import type { Client, Driver, Place, ScenarioId } from './client.ts'
import { RUN } from './paths.ts'
import { Reader } from './reader.ts'
import { SCENARIOS } from './scenarios/all.ts'
import { expectEqual, type Scenario } from './scenarios/scenario.ts'
import { Wire } from './wire.ts'

/** What became of a scenario. A note is why the client cannot do it, what it leaves out, or what went wrong. */
export type Cell = { readonly state: 'passed' | 'failed' | 'cannot' | 'none'; readonly note?: string; readonly ms?: number }

export interface Row {
  readonly client: Client
  readonly version?: string
  readonly missing?: string
  readonly cells: ReadonlyMap<ScenarioId, Cell>
}

/** What all places share. */
export interface Session {
  readonly server: Server
  readonly large: Place['large']
  readonly limitMs: number
  readonly wanted: readonly string[]
  readonly said: (line: string) => void
}

/** Runs a client's scenarios one after the other. */
export async function runClient(client: Client, session: Session): Promise<Row> {
  const found = await client.find()
  const cells = new Map<ScenarioId, Cell>()
  if ('missing' in found) {
    session.said(`${client.name}: not installed (${found.missing})`)
    return { client, missing: found.missing, cells }
  }
  for (const scenario of SCENARIOS) {
    if (session.wanted.length > 0 && !session.wanted.includes(scenario.id)) continue
    const cell = await runCell(client, scenario, session)
    cells.set(scenario.id, cell)
    if (cell.ms !== undefined) session.said(`${client.name} ${found.version}: ${scenario.title} ${cell.state} (${Math.round(cell.ms)} ms)`)
    if (cell.state === 'failed') session.said(`    ${cell.note?.replaceAll('\n', '\n    ')}`)
  }
  return { client, version: found.version, cells }
}

/** The client has no verbs for a scenario that few clients have. */
class Lacking extends Error {}

async function runCell(client: Client, scenario: Scenario, session: Session): Promise<Cell> {
  const { id } = scenario
  if (id === 'own' && !client.own) return { state: 'none' }
  const refused = id === 'snippet' ? undefined : (client.cannot?.[id] ?? (isOwn(client, id) ? undefined : client.cannot?.rest))
  if (refused !== undefined) return { state: 'cannot', note: refused }
  const started = performance.now()
  const state = await inPlace(client, scenario, session).then(
    () => ({ state: 'passed' }) as const,
    (error: Error) => ({ state: error instanceof Lacking ? 'cannot' : 'failed', note: error.message }) as const,
  )
  return { ...state, ...(state.state === 'passed' && noteOf(client, id)), ms: performance.now() - started }
}

const isOwn = (client: Client, id: ScenarioId) => id === 'own' || client.runs?.[id] !== undefined

/** What is to be said of a scenario that passed. */
function noteOf({ notes = {}, keysNot = {}, serial, own }: Client, id: ScenarioId): { note: string } | undefined {
  const told: Partial<Record<ScenarioId, string[]>> = {
    keys: [...new Set(Object.values(keysNot))].map((reason) => `without ${namesOf(keysNot, reason).join(', ')}: ${reason}`),
    large: serial === undefined ? [] : [serial],
    own: own === undefined ? [] : [own.title],
  }
  const note = [notes[id] ?? [], told[id] ?? []].flat().join('; ')
  return note === '' ? undefined : { note }
}

const namesOf = (keysNot: Readonly<Record<string, string>>, reason: string): string[] =>
  Object.keys(keysNot).filter((name) => keysNot[name] === reason)

/** Lends a place for the time of a scenario, and expects that nothing is half-done afterwards. */
async function inPlace(client: Client, scenario: Scenario, { server, large, limitMs }: Session): Promise<void> {
  const wire = await Wire.open(server.endpoint)
  const name = `${client.name.toLowerCase().replaceAll(/\W+/g, '-')}-${scenario.id}-${randomBytes(3).toString('hex')}`.replaceAll(
    /^-+/g,
    '',
  )
  const folder = join(RUN, name)
  const home = join(folder, 'home')
  mkdirSync(home, { recursive: true })
  const reader = new Reader(server)
  const bucket = name.slice(-50).replace(/^-+/, '')
  const place = {
    ...placeOf(server, wire, home),
    bucket,
    folder: join(folder, 'work'),
    large,
    reader,
    signal: AbortSignal.timeout(limitMs),
  }
  mkdirSync(place.folder)
  let driver: Driver = {}
  try {
    await reader.createBucket(bucket)
    const work = async () => {
      const runs = client.runs?.[scenario.id]
      if (scenario.id !== 'snippet' && client.open) driver = await client.open(place)
      if (runs) return runs(place)
      const wanted = [...scenario.needs, ...(client.notes?.[scenario.id] ? [] : (scenario.partly ?? []))]
      const lacking = wanted.filter((verb) => !driver[verb])
      if (lacking.length > 0 && scenario.rare !== undefined) throw new Lacking(scenario.rare)
      if (lacking.length > 0) throw new Error(`${client.name} has no ${lacking.join(', ')} and does not say why`)
      return scenario.run(driver as never, place, client)
    }
    await Promise.race([work(), timeOut(place.signal, limitMs)])
    expectEqual(await reader.openUploads(bucket), [], 'uploads left open')
  } finally {
    await driver.close?.().catch(() => {})
    await reader.removeBucket(bucket)
    wire.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function placeOf({ accessKeyId, secretAccessKey, accountId, apiToken }: Server, wire: Wire, home: string) {
  const endpoint = `http://localhost:${wire.port}`
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    LANG: 'C.UTF-8',
    PYTHONDONTWRITEBYTECODE: '1',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'auto',
    AWS_DEFAULT_REGION: 'auto',
    CLOUDFLARE_ACCOUNT_ID: accountId,
    CLOUDFLARE_API_TOKEN: apiToken,
    CLOUDFLARE_API_BASE_URL: `${endpoint}/client/v4`,
  }
  return { endpoint, accessKeyId, secretAccessKey, accountId, apiToken, env, wire }
}

function timeOut(signal: AbortSignal, limitMs: number): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`took more than ${limitMs / 1000} s`)))
  })
}
