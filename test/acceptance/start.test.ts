import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, HeadBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { s3Client } from './support/clients.ts'
import { collect, credentialLines, homeOf, type Server, startServer, temporaryFolder } from './support/server.ts'

describe('npm start', () => {
  let folder: string
  let server: Server

  beforeAll(async () => {
    folder = await temporaryFolder()
    server = await startServer({ folder, door: 'start' })
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('prints the endpoint, the region, the access key id and examples to copy', () => {
    const output = server.output()
    expect(output).toContain(`Cairn is ready on ${server.endpoint}`)
    expect(output).toMatch(/Region\s+auto/)
    expect(output).toContain(server.accessKeyId)
    expect(output).toContain('aws s3 cp')
    expect(output).toContain('@aws-sdk/client-s3')
  })

  test('never prints a secret', () => {
    expect(server.output()).not.toContain(server.secretAccessKey)
    expect(server.output()).not.toContain(server.apiToken)
  })

  test('keeps the generated secrets readable by their owner only', async () => {
    expect((await stat(join(folder, 'dev.vars'))).mode & 0o777).toBe(0o600)
  })

  test('npm run -s credentials prints nothing but export lines for the running server', async () => {
    const lines = (await credentialLines(folder)).trim().split('\n')
    expect(lines.map((line) => /^export (\w+)=\S+$/.exec(line)?.[1])).toEqual([
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_ENDPOINT_URL',
      'AWS_REGION',
      'AWS_DEFAULT_REGION',
      'CLOUDFLARE_ACCOUNT_ID',
      'CLOUDFLARE_API_TOKEN',
      'CLOUDFLARE_API_BASE_URL',
    ])
    expect(lines).toContain(`export AWS_ENDPOINT_URL=${server.endpoint}`)
    expect(lines).toContain(`export CLOUDFLARE_API_BASE_URL=${server.endpoint}/client/v4`)
  })

  test('data and credentials outlive a restart on the same folder', async () => {
    const before = server
    await s3Client({ server }).send(new CreateBucketCommand({ Bucket: 'kept' }))
    await s3Client({ server }).send(new PutObjectCommand({ Bucket: 'kept', Key: 'letter', Body: 'still here' }))
    await server.stop()
    server = await startServer({ folder, door: 'start' })
    expect(server.secretAccessKey).toBe(before.secretAccessKey)
    const { Body } = await s3Client({ server }).send(new GetObjectCommand({ Bucket: 'kept', Key: 'letter' }))
    expect(await Body!.transformToString()).toBe('still here')
  })
})

describe('npm start beside a Worker whose sources change', () => {
  const WORKER = (word: string) => `import { WORD } from './word.ts'\nexport default { fetch: () => new Response(WORD + '${word}') }\n`
  const CONFIG = JSON.stringify({ name: 'beside', main: 'worker.ts', compatibility_date: '2026-11-01', dev: { port: 8799 } })

  test('builds and serves anew when a source changes, on the same ports, and goes on after a mistake', { timeout: 180_000 }, async () => {
    const folder = await temporaryFolder()
    const write = (name: string, text: string) => writeFile(join(folder, name), text)
    await write('wrangler.json', CONFIG)
    await write('word.ts', `export const WORD = 'one '\n`)
    await write('worker.ts', WORKER('first'))
    const server = await startServer({ folder, door: 'start', beside: join(folder, 'wrangler.json') })
    try {
      await expect.poll(() => server.output()).toMatch(/beside is ready on/)
      const [, url = ''] = /beside is ready on (\S+)/.exec(server.output())!
      expect(url).not.toContain('8799') // PORT=0 is for every Worker.
      const answer = () => fetch(url).then((response) => response.text())
      const bucket = () => s3Client({ server }).send(new HeadBucketCommand({ Bucket: 'kept' }))
      await s3Client({ server }).send(new CreateBucketCommand({ Bucket: 'kept' }))
      expect(await answer()).toBe('one first')
      const patience = { timeout: 60_000, interval: 250 }

      await write('word.ts', `export const WORD = 'two '\n`)
      await expect.poll(() => answer().catch(String), patience).toBe('two first')
      await bucket()

      await write('worker.ts', 'export default {')
      await expect.poll(() => server.output(), patience).toContain('could not be built')
      expect(server.output()).toContain('Cairn goes on with the last build that succeeded.')
      expect(await answer()).toBe('two first')

      await write('worker.ts', WORKER('second'))
      await expect.poll(() => answer().catch(String), patience).toBe('two second')
      await bucket()
    } finally {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })

  /** Runs a script that ends by itself, and returns what it printed. */
  async function failing(script: string, env: Record<string, string>): Promise<string> {
    const folder = await temporaryFolder()
    const child = spawn(process.execPath, [`src/cli/${script}.ts`], { env: { ...process.env, ...homeOf(folder), ...env } })
    const output = collect(child)
    const [code] = await once(child, 'close')
    await rm(folder, { recursive: true, force: true })
    expect(code).toBe(1)
    return output()
  }

  test.each(['start', 'serve', 'dev'])('npm run %s says how to choose another port when one is in use', async (script) => {
    const { port } = new URL(inject('server').endpoint)
    expect(await failing(script, { PORT: port })).toMatch(
      `Port ${port} on 127.0.0.1 is in use. Choose another with the environment variable PORT`,
    )
  })

  test.each(['start', 'serve'])('npm run %s ends with a clear sentence if a setting is malformed', { timeout: 180_000 }, async (script) => {
    const output = await failing(script, { R2_STRICT: 'yes' })
    expect(output).toContain('Cairn did not start: The variable R2_STRICT must be true or false.')
    expect(output).not.toContain('Cairn is ready')
  })
})
