import type { ChildProcess } from 'node:child_process'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { banner } from './banner.ts'
import { ensureDevVars } from './dev-vars.ts'
import { endpointOf, noteEndpoint } from './endpoint.ts'
import { refusalOf } from './first-answer.ts'
import { lockFolder } from './folder-lock.ts'
import { stopTogether, stopWithNpm } from './lifetime.ts'
import { applyLocalMigrations } from './local-migrations.ts'
import { checkPort } from './port.ts'
import { DEFAULT_PORT, readSettings, type Settings } from './settings.ts'
import { sayIgnored } from './worker-settings.ts'
import { ROOT, spawnWrangler } from './wrangler.ts'

/** Printed in the banner, because clients run into these limits. */
const LIMITS = [
  'This is wrangler dev: its proxy stands between clients and Cairn. It decompresses stored gzip objects, so that the',
  'aws CLI and boto3 cannot download them, compresses text, and rewrites some headers. For clients use `npm start`.',
]

/**
 * `npm run dev`: Cairn behind `wrangler dev`, for people who want its keyboard shortcuts and DevTools. Creates the secrets, then the
 * tables, then starts the server, and prints one banner when the server answers.
 */
async function start(settings: Settings): Promise<void> {
  stopWithNpm()
  sayIgnored(settings, process.env)
  await checkPort(settings.host, settings.port ?? DEFAULT_PORT)
  const secrets = ensureDevVars(settings.devVarsPath)
  lockFolder(settings.persistTo)
  await applyLocalMigrations(settings.persistTo)
  const server = spawnServer(settings)
  stopTogether(server)
  const endpoint = endpointOf(settings.host, await listeningPort(server))
  const refusal = await refusalOf(endpoint)
  noteEndpoint(settings.persistTo, endpoint)
  // Wrangler goes on in any case, because it reads `.dev.vars` and `wrangler.jsonc` again when they change.
  if (refusal === undefined) console.log(banner(endpoint, secrets.ROOT_TOKEN_ID, LIMITS))
  else console.error(`Cairn refuses every request: ${refusal}`)
}

function spawnServer({ port, host, persistTo, devVarsPath, vars, beside }: Settings): ChildProcess {
  // A log line for each request costs a round trip to Node; WRANGLER_LOG=log turns them on again. With `--with`, log everything: the author
  // of a Worker wants to see its logs.
  const log = process.env.WRANGLER_LOG || beside.length > 0 ? [] : ['--log-level', 'warn']
  const overrides = [`CONNECTION_ADDRESS=${connectionAddress(host)}`, ...vars].flatMap((pair) => ['--var', pair.replace('=', ':')])
  const place = ['--ip', host, '--port', String(port ?? DEFAULT_PORT), '--persist-to', persistTo]
  // Wrangler listens with the Worker of the first configuration.
  const workers = beside.length === 0 ? [] : [join(ROOT, 'wrangler.jsonc'), ...beside].flatMap((config) => ['-c', config])
  const isTerminal = process.stdin.isTTY === true
  const plain = isTerminal ? [] : ['--inspector-port', '0', '--show-interactive-dev-session=false']
  return spawnWrangler(['dev', ...workers, ...place, ...plain, ...log, ...overrides, '--env-file', devVarsPath], {
    persistTo,
    stdio: [isTerminal ? 'inherit' : 'ignore', 'inherit', 'inherit', 'ipc'],
  })
}

/**
 * The address of every connection, where it is known. Behind wrangler's proxy a header of the client says where a request comes from, so a
 * client could claim any address. On other hosts the address counts as unknown: tokens that are limited to addresses are refused.
 */
function connectionAddress(host: string): string {
  if (host === 'localhost') return '127.0.0.1'
  return host === '::1' || isLoopback(host) ? host : 'unknown'
}

const isLoopback = (host: string): boolean => isIPv4(host) && host.startsWith('127.')

/** Wrangler sends a message to its parent process when it listens. The message has the port, which matters when the system chose it. */
function listeningPort(server: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    server.on('message', (message) => {
      const { event, port } = JSON.parse(String(message))
      if (event === 'DEV_SERVER_READY') resolve(port)
    })
  })
}

try {
  await start(readSettings(process.argv.slice(2), process.env))
} catch (error) {
  console.error((error as Error).message)
  process.exit(1)
}
