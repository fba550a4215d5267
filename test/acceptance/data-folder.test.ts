import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Credentials, type DataFolder, FIXTURES } from '../fixtures/data-folder.ts'
import { signedFetch } from './support/clients.ts'
import { rest, restFetch } from './support/rest.ts'
import { homeOf, type Server, startServer, temporaryFolder } from './support/server.ts'
import { send } from './support/wire.ts'

// Folders that earlier versions wrote. test/fixtures/make-data-folder.ts made them and tells how.

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe.each(['data-2abf9f5'])('the data folder %s', (name) => {
  const expected = JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8')) as DataFolder
  let folder: string
  let server: Server

  beforeAll(async () => {
    folder = await temporaryFolder()
    execFileSync('tar', ['-xzf', join(FIXTURES, `${name}.tar.gz`), '-C', folder])
    const vars = Object.fromEntries(Object.entries(expected.sizes).map(([size, value]) => [size, String(value)]))
    server = await startServer({ folder, door: 'serve', vars })
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const pathOf = ({ bucket, key }: { bucket: string; key: string }) => `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
  const get = (path: string, headers: Record<string, string> = {}) => signedFetch('GET', path, { server, headers })
  const settings = Object.entries(expected.settings)

  async function fsck(...args: string[]) {
    const child = spawn('npm', ['run', '-s', 'fsck', '--', ...args], { env: { ...process.env, ...homeOf(folder) } })
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code: child.exitCode, out, err }
  }

  test.each(settings)('keeps %s', async (path, value) => {
    const { status, result } = await rest('GET', `/accounts/{account}${path}`, { server })
    expect(status).toBe(200)
    // The address of the managed URL is that of the server. Newer versions may tell more.
    expect({ ...(result as object), domain: '' }).toMatchObject({ ...(value as object), domain: '' })
  })

  test.each(expected.objects)('has $key byte for byte', async ({ request, answer = {}, size, etag, ...object }) => {
    const got = await get(pathOf(object), request)
    const bytes = Buffer.from(await got.arrayBuffer())
    expect([got.status, bytes.length, sha256(bytes), got.headers.get('etag')]).toEqual([200, size, object.sha256, etag])
    for (const [header, value] of Object.entries(answer)) expect([header, got.headers.get(header)]).toEqual([header, value])
    const first = await get(pathOf(object), { ...request, range: 'bytes=0-9' })
    expect(first.status).toBe(size === 0 ? 416 : 206)
    if (size > 0) expect(Buffer.from(await first.arrayBuffer()).equals(bytes.subarray(0, 10))).toBe(true)
  })

  test('lists the objects, the buckets and the open upload', async () => {
    const listed = await (await signedFetch('GET', '/everything', { server, query: { 'list-type': '2', 'encoding-type': 'url' } })).text()
    const keys = [...listed.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => decodeURIComponent(key!.replaceAll('+', ' ')))
    expect(keys.sort()).toEqual(expected.objects.map(({ key }) => key).sort())
    const buckets = await (await get('/')).text()
    expect([...buckets.matchAll(/<Name>([^<]*)<\/Name>/g)].map(([, bucket]) => bucket)).toEqual(['everything', 'infrequent-by-default'])
    const uploads = await (await signedFetch('GET', '/everything', { server, query: { uploads: '' } })).text()
    expect(uploads).toContain(`<UploadId>${expected.upload.uploadId}</UploadId>`)
  })

  test('has the buckets of other jurisdictions', async () => {
    for (const { path, headers, body } of expected.elsewhere) {
      expect(await (await restFetch('GET', `/accounts/{account}${path}`, { server, headers })).text()).toBe(body)
    }
  })

  test('knows the token, over both faces', async () => {
    const { id, value } = expected.token
    const bearer = await restFetch('GET', '/accounts/{account}/r2/buckets/everything/objects/inline', { server, token: value })
    expect(bearer.status).toBe(200)
    const own = { ...server, accessKeyId: id, secretAccessKey: sha256(value) }
    expect((await signedFetch('GET', '/everything/inline', { server: own })).status).toBe(200)
  })

  test.each(Object.entries(expected.sessions))('knows the temporary credentials (%s) until they end', async (_, session) => {
    const alive = Date.now() < expected.madeMs + 604_800_000
    const answer = await as(session)
    if (alive) expect(answer.status).toBe(200)
    else expect(await answer.text()).not.toContain('SignatureDoesNotMatch')
    const changed = Buffer.from(session.sessionToken, 'base64').toString().slice(0, -4)
    expect(await (await as({ ...session, sessionToken: btoa(`${changed}AAAA`) })).text()).toContain('SignatureDoesNotMatch')
  })

  const as = ({ accessKeyId, secretAccessKey, sessionToken }: Credentials) =>
    signedFetch('GET', '/everything/inline', {
      server: { ...server, accessKeyId, secretAccessKey },
      headers: { 'x-amz-security-token': sessionToken },
    })

  test('shows the bucket on its managed URL and its domain', async () => {
    const body = sha256(new Uint8Array(await (await get('/everything/inline')).arrayBuffer()))
    const managed = await fetch(`${server.endpoint}/_public/${expected.managed}/inline`)
    expect(sha256(new Uint8Array(await managed.arrayBuffer()))).toBe(body)
    expect((await send('/inline', { headers: { host: 'fixture.example.com' }, server })).status).toBe(200)
  })

  test('keeps its locks and its CORS rules', async () => {
    const put = () => signedFetch('PUT', '/everything/kept/once', { server, body: 'x' })
    expect([(await put()).status, (await put()).status]).toEqual([200, 409])
    const asked = await get('/everything/inline', { origin: 'https://a.example' })
    expect(asked.headers.get('access-control-allow-origin')).toBe('https://a.example')
  })

  test('counts what it holds, and kept its audit log', async () => {
    const { result } = await rest<object[]>(
      'GET',
      '/accounts/{account}/logs/audit?since=2020-01-01T00:00:00Z&before=2100-01-01T00:00:00Z',
      {
        server,
      },
    )
    expect(result.length).toBeGreaterThanOrEqual(expected.audit)
  })

  test('is sound, and repairs find nothing to do', async () => {
    for (const args of [['everything', '--deep'], ['--all'], ['--all', '--repair']]) {
      expect(await fsck(...args)).toEqual({ code: 0, out: '', err: expect.stringContaining('Sound.') })
    }
  })

  test('completes the open upload', async () => {
    const { upload } = expected
    const listed = upload.etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('')
    const query = { uploadId: upload.uploadId }
    const body = `<CompleteMultipartUpload>${listed}</CompleteMultipartUpload>`
    expect((await signedFetch('POST', pathOf(upload), { server, query, body })).status).toBe(200)
    const got = await get(pathOf(upload))
    const bytes = Buffer.from(await got.arrayBuffer())
    expect([bytes.length, sha256(bytes), got.headers.get('x-amz-meta-left')]).toEqual([upload.size, upload.sha256, 'open'])
  })

  test('takes new objects beside the old ones, and is sound afterwards', async () => {
    for (const size of [100, 5000, 50_000]) {
      const body = Buffer.alloc(size, 'new')
      expect((await signedFetch('PUT', `/everything/new/${size}`, { server, body })).status).toBe(200)
      expect(Buffer.from(await (await get(`/everything/new/${size}`)).arrayBuffer()).equals(body)).toBe(true)
    }
    expect(await fsck('everything', '--deep', '--repair')).toEqual({ code: 0, out: '', err: expect.stringContaining('Sound.') })
  })
})
