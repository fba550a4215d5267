import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { expect, test } from 'vitest'
import { collect, homeOf, readyEndpoint, temporaryFolder } from './support/server.ts'

const isListening = (endpoint: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(endpoint)
    const socket = createConnection(Number(port), hostname)
    socket
      .on('error', () => resolve(false))
      .on('connect', () => resolve(true))
      .on('connect', () => socket.destroy())
  })

// `npm start & … kill $!` is how a CI machine starts and stops its object store.
test.each(['start', 'serve', 'dev'])('a signal to npm ends the server of npm run %s', async (script) => {
  const folder = await temporaryFolder()
  const npm = spawn('npm', ['run', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...homeOf(folder) },
  })
  try {
    const endpoint = await readyEndpoint(npm, collect(npm))
    expect(await isListening(endpoint)).toBe(true)
    process.kill(npm.pid!, 'SIGTERM')
    if (npm.exitCode === null && npm.signalCode === null) await once(npm, 'exit')
    await expect.poll(() => isListening(endpoint), { timeout: 10_000 }).toBe(false)
  } finally {
    try {
      process.kill(-npm.pid!, 'SIGKILL') // Whoever is left of its process group.
    } catch {}
    await rm(folder, { recursive: true, force: true })
  }
})
