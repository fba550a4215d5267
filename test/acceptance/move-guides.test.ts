import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signedFetch } from './support/clients.ts'
import { scriptOf } from './support/page.ts'
import { collect, homeOf, type Server, startServer, temporaryFolder } from './support/server.ts'
import { textsOf } from './support/wire.ts'

// The guides for a move are followed from the top. A second Cairn stands in for the old store.

const SNIPPETS = resolve(`.wrangler/move-${process.pid}`)
const KEYS = ['a b/ü+&=%2F', 'cat.jpg', 'notes/1']
const pathOf = (bucket: string, key: string) => `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`

let folder: string
let old: Server
let server: Server

beforeAll(async () => {
  folder = await temporaryFolder()
  old = await startServer()
  server = await startServer({ folder, vars: { SOURCES_AWS_ENDPOINT: old.endpoint, SOURCES_R2_ENDPOINT: old.endpoint } })
  await signedFetch('PUT', '/old-photos', { server: old })
  for (const key of KEYS) await signedFetch('PUT', pathOf('old-photos', key), { server: old, body: `the object ${key}` })
}, 200_000)
afterAll(async () => {
  await server?.stop()
  await old?.stop()
  for (const path of [folder, SNIPPETS]) await rm(path, { recursive: true, force: true })
})

test.each(['copy-from-aws-s3', 'move-from-minio', 'move-from-r2'])(
  'docs/guides/%s.md copies a bucket, and nothing when it is followed again',
  async (name) => {
    for (const key of KEYS) await signedFetch('DELETE', pathOf('photos', key), { server })
    await signedFetch('PUT', '/photos', { server })
    const script = scriptOf(`docs/guides/${name}.md`, SNIPPETS)
    expect(script.match(/npm run migrate/g)).toHaveLength(2)
    const output = await follow(script)
    expect(output).toContain('3 transferred')
    expect(output).toContain('0 transferred (0 B), 3 skipped, 0 failed')
    const listed = await signedFetch('GET', '/photos', { server, query: { 'list-type': '2', 'encoding-type': 'url' } })
    expect(textsOf(await listed.text(), 'Key').map((key) => decodeURIComponent(key.replaceAll('+', ' ')))).toEqual(KEYS)
    expect(await (await signedFetch('GET', pathOf('photos', 'cat.jpg'), { server })).text()).toBe('the object cat.jpg')
  },
  200_000,
)

/** Runs a script in one shell and returns its output. */
async function follow(script: string): Promise<string> {
  const child = spawn('bash', ['-euc', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...homeOf(folder),
      SOURCE_ACCESS_KEY_ID: old.accessKeyId,
      SOURCE_SECRET_ACCESS_KEY: old.secretAccessKey,
      SOURCE_ACCOUNT_ID: old.accountId,
      MINIO_ENDPOINT: old.endpoint,
    },
  })
  const output = collect(child)
  const [code] = await once(child, 'close')
  expect(code, output()).toBe(0)
  return output()
}
