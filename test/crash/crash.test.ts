import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { signedFetch } from '../acceptance/support/clients.ts'
import { homeOf, type Server, startServer, temporaryFolder } from '../acceptance/support/server.ts'
import { textsOf } from '../acceptance/support/wire.ts'
import { Random } from '../support/random.ts'
import { type Held, Writer } from './writers.ts'

// A real server under concurrent writes is killed again and again and started on the same data. Every acknowledged write is there
// byte for byte; every other one is there whole, or not at all; and the bucket is sound.

const KILLS = Number(process.env.CRASH_KILLS ?? 5)
const DOOR = process.env.CRASH_DOOR === 'dev' ? 'dev' : 'serve'
/** Of what is written and when the server is killed. How far it has come by then is not ours to choose. */
const SEED = Number(process.env.CRASH_SEED ?? randomInt(2 ** 31))
const WRITERS = 5
const LONGEST_LIFE_MS = 2500
const LIMIT_MS = 120_000

const folder = await temporaryFolder()
let server: Server | undefined
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Each key holds what was acknowledged, or what the call in flight would have made of it: from now on, what was found. */
async function verify(writer: Writer): Promise<[string, Held][]> {
  const found: [string, Held][] = []
  for (const [key, { held, maybe }] of writer.known) {
    const digest = await writer.read(key)
    const allowed = maybe === undefined ? [held] : [held, maybe]
    expect(allowed, `${key} holds neither what was acknowledged nor what may have been written`).toContain(digest)
    writer.known.set(key, { held: digest })
    found.push([key, digest])
  }
  return found
}

async function listedKeys(bucket: string, connection: Server): Promise<string[]> {
  const response = await signedFetch('GET', `/${bucket}`, { query: { 'list-type': '2' }, server: connection })
  return textsOf(await response.text(), 'Key')
}

/** `npm run fsck` on the running server: its exit code, and what it printed. */
async function fsck(bucket: string): Promise<string> {
  const env = { ...process.env, ...homeOf(folder) }
  const child = spawn(process.execPath, ['src/cli/fsck.ts', bucket], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece) => (text += piece))
  const [code] = await once(child, 'close')
  return code === 0 ? 'sound' : `fsck ended with ${code}: ${text}`
}

test(
  `nothing acknowledged is lost and nothing half-written is seen through ${KILLS} kills`,
  async () => {
    server = await startServer({ folder, door: DOOR })
    const bucket = 'crash'
    const lives = new Random(SEED, WRITERS)
    console.log(`seed ${SEED}`)
    await signedFetch('PUT', `/${bucket}`, { server })
    const writers = Array.from({ length: WRITERS }, (_, n) => new Writer(server!, { bucket, name: `w${n}`, random: new Random(SEED, n) }))
    for (let kill = 1; kill <= KILLS; kill++) {
      const working = Promise.all(writers.map((writer) => writer.work()))
      const life = wait(lives.below(LONGEST_LIFE_MS))
      await Promise.race([working, life]) // A writer that is refused fails the test at once.
      await server.kill()
      await working
      server = await startServer({ folder, door: DOOR })
      for (const writer of writers) writer.reconnect(server)
      const found = (await Promise.all(writers.map(verify))).flat()
      const present = found.filter(([, digest]) => digest !== null).map(([key]) => key)
      expect(await listedKeys(bucket, server)).toEqual(present.sort())
      // Parts that were acknowledged can be completed after the crash.
      for (const writer of writers) if (writer.upload?.parts.length) await writer.multipart()
      expect(await fsck(bucket)).toBe('sound')
      const writes = writers.reduce((sum, writer) => sum + writer.acknowledged, 0)
      console.log(`kill ${kill}: ${writes} writes acknowledged so far, ${present.length} objects read back`)
    }
    expect(writers.reduce((sum, writer) => sum + writer.acknowledged, 0)).toBeGreaterThan(KILLS)
  },
  KILLS * LIMIT_MS,
)
