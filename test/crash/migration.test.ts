import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { signedFetch } from '../acceptance/support/clients.ts'
import { rest } from '../acceptance/support/rest.ts'
import { type Server, startServer, temporaryFolder } from '../acceptance/support/server.ts'
import { textsOf } from '../acceptance/support/wire.ts'
import { type FaultServer, startFaultServer } from '../support/fault-server.ts'
import { Random } from '../support/random.ts'

// A server that migrates a bucket is killed again and again. Afterwards every key is there, each was counted once, and nothing that was
// to be skipped was replaced.

const KILLS = Math.min(Number(process.env.CRASH_KILLS ?? 5), 20)
const SEED = Number(process.env.CRASH_SEED ?? randomInt(2 ** 31))
const KEYS = 500
const LARGE_BYTES = 3 * 1024 * 1024
const LIMIT_MS = 120_000

const folder = await temporaryFolder()
let server: Server | undefined
let source: FaultServer | undefined
afterAll(async () => {
  await server?.stop()
  await source?.close()
  await rm(folder, { recursive: true, force: true })
})

const bodyOf = (n: number) => `object ${n} of the source`
const keyOf = (n: number) => `k${String(n).padStart(4, '0')}`

/** A source that answers slowly, so that there is time for some crashes. */
async function makeSource(): Promise<{ endpoint: string; bucket: string }> {
  source ??= await startFaultServer()
  const small = Array.from({ length: KEYS }, (_, n) => [keyOf(n), { base64: Buffer.from(bodyOf(n)).toString('base64') }])
  const large = [0, 1].map((n) => [`large-${n}`, { size: LARGE_BYTES }])
  const script = { objects: Object.fromEntries([...small, ...large]), faults: [{ slowMs: 30 }] }
  const made = await fetch(`${source.url}/_/old`, { method: 'PUT', body: JSON.stringify(script) })
  await made.arrayBuffer()
  return { endpoint: source.url, bucket: 'old' }
}

interface Progress {
  readonly status: string
  readonly objects: number
  readonly transferredObjects: number
  readonly skippedObjects: number
  readonly failedObjects: number
}

async function migrated(bucket: string, lives: Random, overwrite: boolean): Promise<Progress> {
  const connection = server!
  const { accessKeyId, secretAccessKey } = connection
  const from = { vendor: 's3', ...(await makeSource()), secret: { accessKeyId: 'any', secretAccessKey: 'any' } }
  const target = { vendor: 'r2', bucket, secret: { accessKeyId, secretAccessKey } }
  const made = await rest<{ id: string }>('POST', '/accounts/{account}/slurper/jobs', {
    server: connection,
    body: { overwrite, source: from, target },
  })
  expect(made.status).toBe(201)
  for (let kill = 1; ; kill++) {
    await wait(kill > KILLS ? 200 : lives.below(900))
    if (kill <= KILLS) {
      await server!.kill()
      server = await startServer({ folder })
    }
    const { result } = await rest<Progress>('GET', `/accounts/{account}/slurper/jobs/${made.result.id}/progress`, { server })
    if (result.status !== 'running') {
      console.log(`overwrite ${overwrite}: ended after ${Math.min(kill, KILLS)} kills`)
      return result
    }
  }
}

async function keysIn(bucket: string): Promise<string[]> {
  const response = await signedFetch('GET', `/${bucket}`, { query: { 'list-type': '2' }, server: server! })
  return textsOf(await response.text(), 'Key')
}

const textOf = async (bucket: string, key: string) => (await signedFetch('GET', `/${bucket}/${key}`, { server: server! })).text()

test.each([true, false])(
  `a migration with overwrite %s loses no key and counts each once through ${KILLS} kills`,
  async (overwrite) => {
    console.log(`seed ${SEED}`)
    const lives = new Random(SEED, overwrite ? 1 : 2)
    const bucket = overwrite ? 'migrated' : 'completed'
    server ??= await startServer({ folder })
    await signedFetch('PUT', `/${bucket}`, { server })
    const mine = [3, 250, 499].map(keyOf)
    for (const key of mine) await signedFetch('PUT', `/${bucket}/${key}`, { server, body: 'mine' })
    await wait(5)
    const progress = await migrated(bucket, lives, overwrite)
    const skipped = overwrite ? 0 : mine.length
    expect(progress).toMatchObject({
      status: 'completed',
      objects: KEYS + 2,
      transferredObjects: KEYS + 2 - skipped,
      skippedObjects: skipped,
      failedObjects: 0,
    })
    expect(await keysIn(bucket)).toEqual([...Array.from({ length: KEYS }, (_, n) => keyOf(n)), 'large-0', 'large-1'])
    for (const n of [0, 3, 100, 250, 499]) {
      expect(await textOf(bucket, keyOf(n))).toBe(!overwrite && mine.includes(keyOf(n)) ? 'mine' : bodyOf(n))
    }
  },
  KILLS * LIMIT_MS,
)
