import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Found, Step } from './client.ts'
import { findByCommand, findPythonPackage, onceFor, pythonPackages, pythonProgram } from './install.ts'
import { INSTALLED } from './paths.ts'
import { execute } from './program.ts'

// Stores that others wrote, which Sippy and migrations copy from in test/acceptance/foreign-stores.test.ts. install.ts installs them as it does
// clients, and tests leave out those that are not here.

export interface ForeignStore {
  readonly name: 'moto' | 'versitygw' | 'fake-gcs-server'
  readonly install: readonly Step[]
  /** Its version, or why it is not here. */
  find(): Promise<Found>
  /** The command that serves it on a port of this machine. Its data are below `folder`. */
  command(port: number, folder: string): readonly string[]
}

export const STORE_KEYS = { accessKeyId: 'key-of-the-store', secretAccessKey: 'secret-of-the-store' }

const programOf = (name: string) => join(INSTALLED, 'go', name)

/** The line of the module in what `go version -m` prints. */
const MODULE = /\n\s+mod\s+\S+\s+v(\S+)/

/** A program that the Go tool builds from a module. */
function goProgram(name: string, module: string, version: string) {
  const env = { ...process.env, GOBIN: join(INSTALLED, 'go') }
  return {
    install: [
      onceFor(`Go program: ${name} ${version}`, [], async () => void (await execute(['go', 'install', `${module}@${version}`], { env }))),
    ],
    find: async () => {
      const program = programOf(name)
      return existsSync(program)
        ? findByCommand(['go', 'version', '-m', program], MODULE)
        : { missing: 'npm run install:clients installs it' }
    },
  }
}

export const FOREIGN_STORES: readonly ForeignStore[] = [
  {
    name: 'moto',
    install: [pythonPackages('moto')],
    find: () => findPythonPackage('moto', 'moto'),
    command: (port) => [pythonProgram('moto', 'moto_server'), '-H', '127.0.0.1', '-p', String(port)],
  },
  {
    name: 'versitygw',
    ...goProgram('versitygw', 'github.com/versity/versitygw/cmd/versitygw', 'v1.8.0'),
    // Metadata in files beside the objects: not every file system has attributes for them.
    command: (port, folder) => {
      const { accessKeyId, secretAccessKey } = STORE_KEYS
      const keys = ['--access', accessKeyId, '--secret', secretAccessKey]
      return [
        programOf('versitygw'),
        '--port',
        `127.0.0.1:${port}`,
        ...keys,
        'posix',
        '--sidecar',
        join(folder, 'meta'),
        join(folder, 'data'),
      ]
    },
  },
  {
    name: 'fake-gcs-server',
    ...goProgram('fake-gcs-server', 'github.com/fsouza/fake-gcs-server', 'v1.56.1'),
    command: (port) => {
      const place = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-public-host', `127.0.0.1:${port}`]
      return [programOf('fake-gcs-server'), ...place, '-backend', 'memory', '-log-level', 'error']
    },
  },
]

/** Ends the store when the standard input ends, which it does if the test runner dies. */
const LEASH = '"$@" <&- & store=$!; read -r _; kill -9 $store'
const TRIES = 300

/** Starts a store, and waits until it answers. */
export async function startStore(store: ForeignStore, folder: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const port = await freePort()
  const child = spawn('bash', ['-c', LEASH, 'leash', ...store.command(port, folder)], { stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  const stop = async () => {
    const exit = once(child, 'exit')
    child.stdin.end()
    await exit
  }
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < TRIES; tries++) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer) return { url, stop }
    await sleep(100)
  }
  await stop()
  throw new Error(`${store.name} does not answer.\n${said}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
