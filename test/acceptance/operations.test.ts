import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { s3Client } from './support/clients.ts'
import { homeOf, type Server, startServer, temporaryFolder } from './support/server.ts'

// The operators' commands against a server of their own, since they look at everything and restart it.

/** One object in each tier. */
const OBJECTS = { inline: randomBytes(1000), d1: randomBytes(100_000), kv: randomBytes(700_000) }

/** Without points of storage, whose alarm would rotate the keys before the command does. */
const VARS = { ANALYTICS_SECONDS: '0' }

describe('the operators commands', () => {
  let folder: string
  let server: Server
  let exported = ''

  beforeAll(async () => {
    folder = await temporaryFolder()
    server = await startServer({ folder, vars: VARS })
    await s3Client({ server }).send(new CreateBucketCommand({ Bucket: 'photos' }))
    for (const [Key, Body] of Object.entries(OBJECTS))
      await s3Client({ server }).send(new PutObjectCommand({ Bucket: 'photos', Key, Body }))
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Runs `npm run -s <command> -- <args>` as an operator would. */
  async function run(
    command: string,
    args: readonly string[],
    { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
  ) {
    const child = spawn('npm', ['run', '-s', command, '--', ...args], { env: { ...process.env, ...homeOf(folder), ...env } })
    child.stdin.end(input)
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code: child.exitCode, out, err }
  }

  async function expectObjects(): Promise<void> {
    for (const [Key, bytes] of Object.entries(OBJECTS)) {
      const { Body } = await s3Client({ server }).send(new GetObjectCommand({ Bucket: 'photos', Key }))
      expect(Buffer.compare(Buffer.from(await Body!.transformToByteArray()), bytes), Key).toBe(0)
    }
  }

  test('fsck finds a sound bucket sound, and every bucket of the account', async () => {
    for (const args of [['photos'], ['photos', '--repair'], ['--all']]) {
      expect(await run('fsck', args)).toEqual({ code: 0, out: '', err: expect.stringContaining('Sound.') })
    }
  })

  test('fsck of a bucket that does not exist, or of none, is exit code 2', async () => {
    expect(await run('fsck', ['videos'])).toMatchObject({ code: 2, err: expect.stringContaining('NoSuchBucket') })
    expect(await run('fsck', [])).toMatchObject({ code: 2, err: expect.stringContaining('Usage') })
  })

  test('with an endpoint the token comes from the environment, and has to be the right one', async () => {
    const withToken = (token: string) => run('fsck', ['photos', '--endpoint', server.endpoint], { env: { CLOUDFLARE_API_TOKEN: token } })
    expect(await withToken(server.apiToken)).toMatchObject({ code: 0 })
    expect(await withToken(server.secretAccessKey)).toMatchObject({ code: 2, err: expect.stringContaining('InvalidAccessToken') })
  })

  test('what was exported and then deleted by mistake is imported again', async () => {
    const { code, out } = await run('export', ['photos'])
    expect(code).toBe(0)
    exported = out
    expect(exported).toMatch(/^{"type":"cairn-bucket"/)
    expect(await run('import', ['photos'], { input: exported })).toMatchObject({ code: 2, err: expect.stringContaining('not empty') })
    for (const Key of Object.keys(OBJECTS)) await s3Client({ server }).send(new DeleteObjectCommand({ Bucket: 'photos', Key }))
    const cut = exported.slice(0, exported.lastIndexOf('\n', exported.length - 2))
    expect(await run('import', ['photos'], { input: cut })).toMatchObject({ code: 2, err: expect.stringContaining('cut off') })
    expect(await run('import', ['photos'], { input: exported })).toMatchObject({ code: 0, err: expect.stringContaining('Imported') })
    await expectObjects()
    expect(await run('fsck', ['photos'])).toMatchObject({ code: 0, out: '' })
  })

  test('a master key is rotated without a byte being lost, and then the old one is not needed', async () => {
    const path = join(folder, 'dev.vars')
    const vars = await readFile(path, 'utf8')
    const [, old] = /^MASTER_KEY=(.*)$/m.exec(vars)!
    const rotated = vars.replace(/^MASTER_KEY=.*$/m, `MASTER_KEY=${randomBytes(32).toString('base64')}`)
    const restart = async (text: string) => {
      await server.stop()
      await writeFile(path, text)
      server = await startServer({ folder, vars: VARS })
    }

    await restart(rotated)
    const lost = s3Client({ server }).send(new GetObjectCommand({ Bucket: 'photos', Key: 'kv' }))
    await expect(lost).rejects.toMatchObject({ name: 'EncryptionKeyUnavailable', $metadata: { httpStatusCode: 400 } })
    expect(await run('fsck', ['photos'])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^(found undecryptable-key .*\n){3}damaged key="d1"\ndamaged key="inline"\ndamaged key="kv"\n$/),
    })
    expect(await run('rotate', [])).toMatchObject({ code: 1, out: expect.stringContaining('3 keys open with none') })

    await restart(`${rotated}OLD_MASTER_KEYS=${old}\n`)
    await expectObjects()
    expect(await run('rotate', [])).toMatchObject({ code: 0, out: expect.stringContaining('photos: 3 of 3 keys rewrapped.') })
    expect(await run('rotate', ['photos'])).toEqual({ code: 0, out: 'photos: 0 of 3 keys rewrapped.\n', err: '' })

    await restart(rotated)
    await expectObjects()
    expect(await run('fsck', ['photos'])).toMatchObject({ code: 0, out: '' })
  })

  test('a server without point-in-time recovery says so', async () => {
    const recovered = await run('recover', ['photos', '--at', new Date().toISOString()])
    expect(recovered).toMatchObject({ code: 2, err: expect.stringContaining('not implemented') })
  })
})
