import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signedFetch } from './support/clients.ts'
import { scriptOf } from './support/page.ts'
import { collect, homeOf, type Server, startServer, temporaryFolder } from './support/server.ts'
import { QUIET } from './support/wrangler-program.ts'

// A3: the snippets of a page work when they are followed from the top in one go.

const README = 'README.md'
/** Each is followed by a reader who has the bucket of the README. */
const PAGES = [
  'docs/guides/ci-and-laptop.md',
  'docs/guides/public-buckets.md',
  'docs/guides/notifications.md',
  'docs/guides/check-a-bucket.md',
  'docs/guides/back-up-and-restore.md',
  'docs/reference/rest.md',
]
// Below the project, so that JavaScript finds our node_modules.
const SNIPPETS = resolve(`.wrangler/page-${process.pid}`)
const hasAws = spawnSync('aws', ['--version']).status === 0

let folder: string
let server: Server

beforeAll(async () => {
  folder = await temporaryFolder()
  server = await startServer({ folder })
})
afterAll(async () => {
  await server.stop()
  for (const path of [folder, SNIPPETS]) await rm(path, { recursive: true, force: true })
})

test.skipIf(!hasAws)('README.md, from its top to its end (needs the aws CLI)', { timeout: 540_000 }, async () => {
  const script = scriptOf(README, SNIPPETS)
  expect(script).toContain('aws s3 cp')
  await follow(script)
  expect(await (await signedFetch('GET', '/photos/hello.txt', { server })).text()).not.toBe('')
})

test.skipIf(!hasAws).each(PAGES)('%s, from its top to its end (needs the aws CLI)', { timeout: 540_000 }, async (page) => {
  const script = scriptOf(page, SNIPPETS)
  expect(script).not.toBe('')
  expect((await signedFetch('PUT', '/photos', { server })).status).toBeOneOf([200, 409])
  await follow(script)
})

/** Runs a script in one shell, as somebody does who has nothing but the server. */
async function follow(script: string): Promise<void> {
  const child = spawn('bash', ['-euxc', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...without(process.env, /^(AWS|CLOUDFLARE)_/),
      ...QUIET,
      ...homeOf(folder),
      HOME: folder,
      WRANGLER_CACHE_DIR: join(folder, 'cache'),
    },
  })
  const output = collect(child)
  const [code] = await once(child, 'close')
  expect(code, output()).toBe(0)
}

const without = (env: NodeJS.ProcessEnv, names: RegExp) => Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)))
