import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Policy } from '../../../src/auth/policies.ts'
import { listAudit } from '../../../src/control/audit.ts'
import { createToken } from '../../../src/control/tokens.ts'
import type { FsckReport } from '../../../src/core/maintenance.ts'
import type { Step } from '../../../src/core/step.ts'
import { handle } from '../../../src/gateway.ts'
import { env, secrets, TestBucket } from '../../support/bucket.ts'

interface Call {
  readonly operation?: string
  readonly method?: string
  readonly token?: string | null
  readonly body?: unknown
  readonly host?: string
}

async function call({ operation = 'buckets', method = 'POST', token = secrets.rootToken, body = {}, host = 'cairn.example' }: Call = {}) {
  const headers = token === null ? undefined : { authorization: `Bearer ${token}` }
  const raw = typeof body === 'string' ? body : JSON.stringify(body)
  const request = new Request(`https://${host}/_cairn/${operation}`, { method, headers, body: method === 'GET' ? undefined : raw })
  const response = await handle(request, env)
  return { status: response.status, body: (await response.json()) as Record<string, never> & { error?: { code: string; message: string } } }
}

/** What the audit log says of a bucket, apart from its creation. */
async function logged(id: string) {
  const filters = [{ field: 'resourceId', values: [id] }] as const
  const entries = await listAudit(env.CONTROL, { filters, ascending: true, limit: 100 })
  return entries.filter(({ action }) => action !== 'CreateBucket').map(({ action, by, newValue }) => [action, by.tokenId, newValue])
}

const NOW = Date.now()
const tokenValue = (name: string) => `${name.replaceAll(' ', '-')}-`.padEnd(40, 'x')

async function token(name: string, policies: readonly Policy[], dates: { notBeforeMs?: number; expiresMs?: number } = {}): Promise<string> {
  const id = crypto.randomUUID().replaceAll('-', '')
  await createToken(env.CONTROL, secrets, { id, value: tokenValue(name), name, policies, ...dates }, NOW)
  return tokenValue(name)
}

describe('the admin face', () => {
  let bucket: TestBucket
  beforeAll(async () => {
    bucket = await TestBucket.create()
  })

  test('answers the root token and others that may do everything', async () => {
    expect(await call()).toMatchObject({ status: 200, body: { report: [bucket.ref.name] } })
    expect(await call({ token: await token('admin', [{ level: 'admin-read-write' }]) })).toMatchObject({ status: 200 })
  })

  test.each<[string, readonly Policy[], object]>([
    ['read', [{ level: 'admin-read' }], {}],
    ['objects', [{ level: 'object-read-write' }], {}],
    ['one bucket', [{ level: 'admin-read-write', buckets: [{ jurisdiction: 'default', name: 'photos' }] }], {}],
    ['nothing', [], {}],
  ])('refuses a token for %s', async (name, policies, dates) => {
    expect(await call({ token: await token(name, policies, dates) })).toMatchObject({
      status: 403,
      body: { error: { code: 'AccessDenied' } },
    })
  })

  test.each([
    ['expired', { expiresMs: NOW }],
    ['not valid yet', { notBeforeMs: NOW + 60_000 }],
  ])('refuses a token that is %s', async (name, dates) => {
    expect(await call({ token: await token(name, [{ level: 'admin-read-write' }], dates) })).toMatchObject({ status: 401 })
  })

  test.each([
    ['no token', null, 401],
    ['an unknown token', 'unknown', 401],
    ['part of the root token', secrets.rootToken.slice(0, -1), 401],
    ['more than the root token', `${secrets.rootToken}x`, 401],
    ['the id of the root token', secrets.rootTokenId, 401],
  ])('refuses %s', async (_, value, status) => {
    expect((await call({ token: value })).status).toBe(status)
  })

  test.each([
    ['an operation that there is not', { operation: 'format' }, 404, 'RouteNotFound'],
    ['a name of Object', { operation: 'constructor' }, 404, 'RouteNotFound'],
    ['more path', { operation: 'fsck/all' }, 404, 'RouteNotFound'],
    ['a GET', { method: 'GET' }, 404, 'RouteNotFound'],
    ['what is no JSON', { body: '{' }, 400, 'InvalidArgument'],
    ['no bucket', { operation: 'fsck' }, 400, 'InvalidArgument'],
    ['a cursor of its own making', { operation: 'fsck', body: { bucket: 'photos', cursor: { at: 'nowhere' } } }, 400, 'InvalidArgument'],
    ['a bucket that does not exist', { operation: 'fsck', body: { bucket: 'no-such' } }, 404, 'NoSuchBucket'],
    ['a name that no bucket can have', { operation: 'fsck', body: { bucket: '../x' } }, 404, 'NoSuchBucket'],
    ['too much', { body: `"${'x'.repeat(17 * 1024 * 1024)}"` }, 400, 'EntityTooLarge'],
  ])('refuses %s', async (_, what, status, code) => {
    expect(await call(what as Call)).toMatchObject({ status, body: { error: { code } } })
  })

  test("is not found under a bucket's own host, where every path is a key", async () => {
    const request = new Request('http://photos.localhost/_cairn/buckets', { method: 'POST', body: '{}' })
    expect((await handle(request, env)).headers.get('content-type')).toBe('application/xml')
  })

  test('says nothing of a bug', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const request = new Request('https://cairn.example/_cairn/buckets', { method: 'POST', headers: { authorization: 'Bearer unknown' } })
    const response = await handle(request, { ...env, CONTROL: null as never })
    expect([response.status, await response.json()]).toEqual([
      500,
      { error: { code: 'InternalError', message: expect.stringContaining('internal') } },
    ])
    log.mockRestore()
  })

  test('checks a bucket step by step', async () => {
    await bucket.put('a', 10)
    await bucket.query('UPDATE usage SET objects = 9')
    const problems: string[] = []
    const phases = new Set<string>()
    for (let cursor: unknown; ; ) {
      const { status, body } = await call({ operation: 'fsck', body: { bucket: bucket.ref.name, repair: true, cursor } })
      expect(status).toBe(200)
      const { report, next } = body as unknown as Step<unknown, FsckReport>
      phases.add(report.phase)
      problems.push(...report.findings.map(({ problem }) => problem))
      if (!next) break
      cursor = next
    }
    expect(problems).toEqual(['wrong-usage', 'wrong-usage'])
    expect([...phases]).toEqual(['objects', 'parts', 'uploads', 'extents', 'garbage', 'references', 'usage', 'segments', 'orphans'])
    expect((await call({ operation: 'fsck-orphans' })).status).toBe(200)
    const repaired = problems.map((problem) => expect.objectContaining({ problem, repaired: true }))
    expect(await logged(bucket.ref.name)).toEqual([['RepairBucket', secrets.rootTokenId, { repaired }]])
  })

  test('a check that repairs nothing is not in the audit log', async () => {
    const sound = await TestBucket.create()
    await sound.query('UPDATE usage SET objects = 9')
    for (const repair of [false, true]) {
      await call({ operation: 'fsck', body: { bucket: sound.ref.name, repair } }) // The first step looks at objects.
      expect(await logged(sound.ref.name)).toEqual([])
    }
  })

  test('exports a bucket, and imports it when it was emptied', async () => {
    const photos = await TestBucket.create()
    await photos.put('a', 10)
    const name = photos.ref.name
    const exported = await call({ operation: 'export', body: { bucket: name } })
    expect(exported).toMatchObject({
      status: 200,
      body: { report: expect.stringMatching(/^{"type":"cairn-bucket".*"end","lines":\d+}\n$/s) },
    })
    const { report: text } = exported.body as unknown as Step<unknown, string>
    expect(await call({ operation: 'import', body: { bucket: name, text } })).toMatchObject({
      status: 400,
      body: { error: { code: 'InvalidRequest' } },
    })
    await photos.store.deleteObject(photos.at('a'))
    const lines = text.trimEnd().split('\n').length - 1 // All but the last, which counts them.
    expect(await call({ operation: 'import', body: { bucket: name, text } })).toEqual({ status: 200, body: { report: { lines } } })
    expect((await photos.get('a')).byteLength).toBe(10)
    expect(await logged(name)).toEqual([['ImportBucket', secrets.rootTokenId, { lines }]])
  })

  test('rotates the keys of a bucket and the secrets of tokens', async () => {
    expect(await call({ operation: 'rotate', body: { bucket: bucket.ref.name } })).toMatchObject({
      status: 200,
      body: { report: { rewrapped: 0, findings: [] } },
    })
    expect(await call({ operation: 'rotate-tokens' })).toMatchObject({
      status: 200,
      body: { report: { resealed: 0, keyId: secrets.keyring.keyId } },
    })
  })

  test('says where there is no point-in-time recovery', async () => {
    const body = { bucket: bucket.ref.name, to: { timeMs: NOW } }
    expect(await call({ operation: 'recover', body })).toMatchObject({ status: 501, body: { error: { code: 'NotImplemented' } } })
    expect(await call({ operation: 'recover', body: { ...body, to: {} } })).toMatchObject({ status: 400 })
  })
})
