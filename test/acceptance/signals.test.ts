import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { collect, credentialLines, homeOf, readyEndpoint, temporaryFolder } from './support/server.ts'

let folder: string

beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const serve = (...args: string[]): ChildProcess =>
  spawn(process.execPath, ['src/cli/serve.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...homeOf(folder) } })

test('a signal lets a request in flight end; then the exit code is 0, and the ready file and the lock are gone', async () => {
  const readyFile = join(folder, 'ready/endpoint')
  const server = serve('--ready-file', readyFile)
  const endpoint = await readyEndpoint(server, collect(server))
  await expect.poll(() => existsSync(readyFile)).toBe(true)
  expect((await readFile(readyFile, 'utf8')).trim()).toBe(endpoint)

  const second = serve()
  const complaint = collect(second)
  expect(await once(second, 'close')).toEqual([1, null])
  expect(complaint()).toContain(`is in use by another server (process ${server.pid} on`)

  const token = /CLOUDFLARE_API_TOKEN=(\S+)/.exec(await credentialLines(folder))![1]!
  const account = /CLOUDFLARE_ACCOUNT_ID=(\S+)/.exec(await credentialLines(folder))![1]!
  const buckets = `${endpoint}/client/v4/accounts/${account}/r2/buckets`
  const authorization = `Bearer ${token}`
  await fetch(buckets, { method: 'POST', headers: { authorization }, body: JSON.stringify({ name: 'slow' }) })
  const upload = request(`${buckets}/slow/objects/a`, { method: 'PUT', headers: { authorization, 'content-length': 10 } })
  const status = new Promise((resolve, reject) => upload.on('response', (answer) => resolve(answer.statusCode)).on('error', reject))
  upload.write('first')
  await sleep(500) // The server has the request.
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  await sleep(500)
  upload.end('later')
  expect(await status).toBe(200)
  expect(await ended).toEqual([0, null])
  expect([existsSync(readyFile), existsSync(join(folder, 'state/server.lock'))]).toEqual([false, false])
})
