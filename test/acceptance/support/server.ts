import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a client needs to know of a running Cairn, all of it plain values. */
export type Connection = {
  endpoint: string
  accountId: string
  accessKeyId: string
  secretAccessKey: string
  apiToken: string
  apiBaseUrl: string
}

export type Server = Connection & {
  /** What the server printed so far. */
  output: () => string
  /** Stops the server and waits for its end; its data stays until `remove`. */
  stop: () => Promise<void>
  /** Ends it as a crash does: SIGKILL to its whole process group. Its data stays. */
  kill: () => Promise<void>
}

export type StartOptions = {
  /** Worker variables laid over wrangler.jsonc, such as `{ R2_STRICT: 'true' }`. */
  vars?: Record<string, string>
  /** Where data and secrets live. A fresh folder, removed by `stop`, when not given. */
  folder?: string
  /** Which script runs the server: `npm run serve` unless told otherwise, which runs what `npm start` runs and does not reload. */
  door?: Door
  /** The configuration of a Worker to run beside it. */
  beside?: string
}

type Door = 'start' | 'serve' | 'dev' | 'notifications'

const READY = /Cairn is ready on (\S+)/
const START_LIMIT_MS = 90_000

/** Starts a server of its own: free port, own data, own secrets; the developer's are not touched. */
export async function startServer({ vars = {}, folder, door = 'serve', beside }: StartOptions = {}): Promise<Server> {
  const home = folder ?? (await temporaryFolder())
  const child = launch(home, { vars, door, beside })
  const output = collect(child)
  try {
    const endpoint = await readyEndpoint(child, output)
    const stop = async () => {
      await end(child)
      if (folder === undefined) await rm(home, { recursive: true, force: true })
    }
    return { ...(await readConnection(home)), endpoint, output, stop, kill: () => kill(child) }
  } catch (error) {
    await end(child)
    throw error
  }
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'cairn-acceptance-'))

/** The environment that makes Cairn's own scripts use this folder. */
export const homeOf = (folder: string) => ({ PORT: '0', PERSIST_TO: join(folder, 'state'), DEV_VARS: join(folder, 'dev.vars') })

function launch(folder: string, { vars, door, beside = '' }: { vars: Record<string, string>; door: Door; beside?: string }): ChildProcess {
  const pairs = Object.entries(vars).map(([name, value]) => `${name}=${value}`)
  return spawn(process.execPath, ['test/acceptance/support/leash.ts'], {
    detached: true, // Its own process group, so that it can end as one.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...homeOf(folder), CAIRN_VARS: pairs.join(' '), SERVER_DOOR: door, SERVER_WITH: beside },
  })
}

/** What a process prints, as far as it has. */
export function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  return () => text
}

/** Where a server listens, once it says so. */
export function readyEndpoint(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${why}\n${output()}`))
    const limit = setTimeout(() => fail(`The server did not start in ${START_LIMIT_MS} ms.`), START_LIMIT_MS)
    child.once('exit', (code) => fail(`The server ended with code ${code} before it was ready.`))
    child.stdout!.on('data', () => {
      const endpoint = READY.exec(output())?.[1]
      if (endpoint === undefined) return
      clearTimeout(limit)
      resolve(endpoint)
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.stdin!.end()
  await exit
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  process.kill(-child.pid!, 'SIGKILL')
  await exit
}

/** Runs `npm run -s credentials` as a user would, and reads its export lines. */
export async function credentialLines(folder: string): Promise<string> {
  const child = spawn('npm', ['run', '-s', 'credentials'], {
    env: { ...process.env, ...homeOf(folder) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = collect(child)
  await once(child, 'close')
  return output()
}

async function readConnection(folder: string): Promise<Connection> {
  const lines = await credentialLines(folder)
  const read = (name: string) => {
    const value = new RegExp(`^export ${name}=(\\S+)$`, 'm').exec(lines)?.[1]
    if (value === undefined) throw new Error(`npm run credentials printed no ${name}`)
    return value
  }
  return {
    endpoint: read('AWS_ENDPOINT_URL'),
    accountId: read('CLOUDFLARE_ACCOUNT_ID'),
    accessKeyId: read('AWS_ACCESS_KEY_ID'),
    secretAccessKey: read('AWS_SECRET_ACCESS_KEY'),
    apiToken: read('CLOUDFLARE_API_TOKEN'),
    apiBaseUrl: read('CLOUDFLARE_API_BASE_URL'),
  }
}
