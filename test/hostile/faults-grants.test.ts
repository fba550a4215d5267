import { createHash, createHmac } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Policy } from '../../src/auth/policies.ts'
import { createToken, secretAccessKeyOf } from '../../src/control/tokens.ts'
import { ADMIN_OPERATIONS } from '../../src/faces/admin/operations.ts'
import { readProps } from '../../src/faces/binding/props.ts'
import { ROUTES as REST_ROUTES } from '../../src/faces/rest/routes.ts'
import { ROUTES as S3_ROUTES } from '../../src/faces/s3/routes.ts'
import { handle } from '../../src/gateway.ts'
import { env, newRef, secrets } from '../support/bucket.ts'
import { queueIdOf } from '../support/queues.ts'
import { type Credentials, ROOT, signedRequest } from '../support/s3.ts'

// Who may pass on what: the reproductions of the review, by the numbers of its faults.

const ACCOUNT = `/client/v4/accounts/${secrets.accountId}`
const MINT = `${ACCOUNT}/r2/temp-access-credentials`

interface Asked {
  readonly token?: string
  readonly body?: unknown
}

async function rest(method: string, path: string, { token = secrets.rootToken, body }: Asked = {}) {
  const headers = { authorization: `Bearer ${token}` }
  const request = new Request(`http://localhost${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  const response = await handle(request, env)
  const text = await response.text()
  const json = response.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : { result: text }
  return { status: response.status, ...(json as { result: never; errors?: { code: number; message: string }[] }) }
}

async function s3(
  method: string,
  path: string,
  credentials: Credentials = ROOT,
  { headers, body }: { headers?: Record<string, string>; body?: string } = {},
) {
  const response = await handle(await signedRequest(method, path, { credentials, headers, body }), env)
  return { status: response.status, text: await response.text() }
}

let tokens = 0
async function tokenWith(policies: readonly Policy[], more: { expiresMs?: number; name?: string } = {}) {
  const value = `the-value-of-token-${++tokens}-of-these-tests`
  const token = { id: tokens.toString(16).padStart(32, 'b'), name: `token ${tokens}`, ...more }
  await createToken(env.CONTROL, secrets, { ...token, value, policies }, Date.now())
  return { ...token, value, credentials: { accessKeyId: token.id, secretAccessKey: secretAccessKeyOf(value) } }
}

async function mint(body: object, token?: string): Promise<Credentials & { sessionToken: string }> {
  const answer = await rest('POST', MINT, {
    token,
    body: { permission: 'object-read-write', ttlSeconds: 600, parentAccessKeyId: secrets.rootTokenId, ...body },
  })
  expect(answer.status, JSON.stringify(answer.errors)).toBe(200)
  return answer.result
}

/** As a client signs it, without asking anybody. */
function signLocally(claims: object, { accessKeyId, secretAccessKey }: Credentials): Credentials {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 600
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: accessKeyId, exp, scope: 'object-read-write', ...claims })}`
  const jwt = `${text}.${createHmac('sha256', secretAccessKey).update(text).digest('base64url')}`
  return { accessKeyId, secretAccessKey: sha256(jwt), sessionToken: Buffer.from(`jwt/${jwt}`).toString('base64') }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const on = (name: string) => [{ jurisdiction: 'default', name }] as const

async function newBucket(): Promise<string> {
  const { name } = newRef()
  expect((await s3('PUT', `/${name}`)).status).toBe(200)
  return name
}

let bucket: string
beforeAll(async () => {
  bucket = await newBucket()
  await s3('PUT', `/${bucket}/a`, ROOT, { body: 'bytes' })
})

describe('4: a presigned URL made with temporary credentials gives away its one request', () => {
  test('not their secret, and no bearer for REST', async () => {
    const credentials = await mint({ bucket })
    const signer = new AwsV4Signer({ ...credentials, url: `http://localhost/${bucket}/a`, signQuery: true, service: 's3', region: 'auto' })
    const { url } = await signer.sign()
    expect(await (await handle(new Request(url), env)).text()).toBe('bytes')
    const sessionToken = url.searchParams.get('X-Amz-Security-Token')!
    const jwt = Buffer.from(sessionToken, 'base64').toString().slice('jwt/'.length)
    for (const text of [jwt, sessionToken, `jwt/${jwt}`, jwt.split('.')[2]!]) {
      const stolen = { accessKeyId: credentials.accessKeyId, secretAccessKey: sha256(text), sessionToken }
      expect(await s3('PUT', `/${bucket}/evil`, stolen, { body: 'x' })).toMatchObject({ status: 403 })
    }
    expect(await rest('DELETE', `${ACCOUNT}/r2/buckets/${bucket}/objects/a`, { token: sessionToken })).toMatchObject({ status: 401 })
    expect((await s3('GET', `/${bucket}/a`)).text).toBe('bytes')
  })

  test('and tokens of the earlier form work until their end', async () => {
    const credentials = signLocally({ bucket, sub: secrets.accountId, iat: Math.floor(Date.now() / 1000), jurisdiction: 'default' }, ROOT)
    expect(await s3('GET', `/${bucket}/a`, credentials)).toEqual({ status: 200, text: 'bytes' })
  })
})

describe('5: temporary credentials', () => {
  const WRITE: Policy = { level: 'object-read-write' }

  test('have whoever asks as their parent: only root names another', async () => {
    const [alice, bob] = [await tokenWith([WRITE]), await tokenWith([WRITE])]
    const body = { bucket, permission: 'object-read-write', ttlSeconds: 60 }
    for (const parentAccessKeyId of [secrets.rootTokenId, bob.id, 'f'.repeat(32)]) {
      const answer = await rest('POST', MINT, { token: alice.value, body: { ...body, parentAccessKeyId } })
      expect(answer).toMatchObject({ status: 403, errors: [{ code: 10003 }] })
    }
    const { accessKeyId } = await mint({ bucket, parentAccessKeyId: alice.id }, alice.value)
    expect(accessKeyId).toBe(alice.id)
    await mint({ bucket, parentAccessKeyId: bob.id })
  })

  test('end no later than their parent, and die with it', async () => {
    const brief = await tokenWith([WRITE], { expiresMs: Date.now() + 30_000 })
    const body = { bucket, permission: 'object-read-write', parentAccessKeyId: brief.id }
    for (const token of [brief.value, secrets.rootToken]) {
      expect(await rest('POST', MINT, { token, body: { ...body, ttlSeconds: 604_800 } })).toMatchObject({ status: 403 })
    }
    const session = await mint({ ...body, ttlSeconds: 20 }, brief.value)
    expect(await s3('GET', `/${bucket}/a`, session)).toMatchObject({ status: 200 })
    expect(await rest('DELETE', `${ACCOUNT}/tokens/${brief.id}`)).toMatchObject({ status: 200 })
    expect(await s3('GET', `/${bucket}/a`, session)).toMatchObject({ status: 401 })
  })

  type Entry = { action: { description: string }; actor: object; resource: { id: string; request: object } }
  async function logged(): Promise<Entry[]> {
    const [since, before] = [new Date(Date.now() - 600_000), new Date(Date.now() + 600_000)].map((date) => date.toISOString())
    return (await rest('GET', `${ACCOUNT}/logs/audit?since=${since}&before=${before}&limit=1000`)).result as unknown as Entry[]
  }
  const CORS =
    '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'

  test('are logged when they are made, and what they do is logged under them and who made them', async () => {
    const alice = await tokenWith([{ level: 'admin-read-write', buckets: on(bucket) }], { name: 'alice' })
    const made = await mint({ bucket, parentAccessKeyId: alice.id, permission: 'admin-read-write', prefixes: undefined })
    expect(await s3('PUT', `/${bucket}?cors`, made, { body: CORS })).toMatchObject({ status: 200 })
    const entries = await logged()
    const minting = entries.find(({ action }) => action.description === 'CreateTemporaryCredentials')!
    expect(minting).toMatchObject({
      actor: { token_id: secrets.rootTokenId, token_name: 'root' },
      resource: { type: 'session', request: { bucket, parentAccessKeyId: alice.id, permission: 'admin-read-write' } },
    })
    const change = entries.find(({ action, resource }) => action.description === 'PutBucketCors' && resource.id === bucket)!
    expect(change.actor).toMatchObject({
      token_id: alice.id,
      session_id: minting.resource.id,
      minted_by: { token_id: secrets.rootTokenId, token_name: 'root' },
    })
    const text = JSON.stringify(entries)
    for (const secret of [made.secretAccessKey, made.sessionToken]) expect(text).not.toContain(secret)
  })

  test('that are signed locally cannot say that somebody else made them', async () => {
    const alice = await tokenWith([{ level: 'admin-read-write', buckets: on(bucket) }], { name: 'alice' })
    const made = await mint({ bucket, parentAccessKeyId: alice.id, permission: 'admin-read-write' })
    const claims = JSON.parse(Buffer.from(Buffer.from(made.sessionToken, 'base64').toString().split('.')[1]!, 'base64url').toString())
    const forged = signLocally({ ...claims, act: { sub: secrets.rootTokenId } }, alice.credentials)
    expect(await s3('DELETE', `/${bucket}?cors`, forged)).toMatchObject({ status: 204 })
    const change = (await logged()).find(({ action }) => action.description === 'DeleteBucketCors')!
    expect(change.actor).toMatchObject({ token_id: alice.id, session_id: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(change.actor).not.toHaveProperty('minted_by')
  })
})

describe('6: what is not understood is refused', () => {
  const policies = [
    {
      effect: 'allow',
      permission_groups: [{ id: '6a018a9f2fc74eb6b293b0c548f38b39' }],
      resources: { [`com.cloudflare.api.account.${secrets.accountId}`]: '*' },
    },
  ]
  const cidr = '192.0.2.0/24'

  test.each<[string, object]>([
    ['condition.request.ip', { condition: { 'request.ip': { in: [cidr] } } }],
    ['condition.requestIp', { condition: { requestIp: { in: [cidr] } } }],
    ['condition.request_ip.cidr', { condition: { request_ip: { cidr } } }],
    ['condition.request_ip.in, empty', { condition: { request_ip: { in: [] } } }],
    ['condition.request_ip.in of no address', { condition: { request_ip: { in: ['192.0.2.0/33'] } } }],
    ['condition.request_ip.not_in of no address', { condition: { request_ip: { not_in: ['example.com'] } } }],
    ['conditions', { conditions: {} }],
    ['expiresOn', { expiresOn: '2030-01-01T00:00:00Z' }],
    ['status: expired', { status: 'expired' }],
    ['a prefix in a policy', { policies: [{ ...policies[0], prefixes: ['in/'] }] }],
    [
      'a prefix in a group',
      { policies: [{ ...policies[0], permission_groups: [{ ...policies[0]!.permission_groups[0], prefix: 'in/' }] }] },
    ],
  ])('in a token: %s', async (_, more) => {
    const answer = await rest('POST', `${ACCOUNT}/tokens`, { body: { name: 'x', policies, ...more } })
    expect(answer).toMatchObject({ status: 400, errors: [{ code: 10040 }] })
    expect(answer.errors![0]!.message).toMatch(/ (must|is not supported)/)
  })

  test('but not what is shown of a token, sent back', async () => {
    const { result } = await rest('POST', `${ACCOUNT}/tokens`, { body: { name: 'x', policies, condition: {}, expires_on: null } })
    const { value: _, ...shown } = result as { id: string; value: string }
    expect(await rest('PUT', `${ACCOUNT}/tokens/${shown.id}`, { body: shown })).toMatchObject({ status: 200 })
  })

  test.each([
    { prefix: ['in/'] },
    { Prefixes: ['in/'] },
    { actions: ['GetObject'] },
    { paths: { prefixPaths: ['in/'] } },
    { prefixes: 'in/' },
  ])('in temporary credentials: %j', async (more) => {
    const body = { bucket, parentAccessKeyId: secrets.rootTokenId, permission: 'object-read-write', ttlSeconds: 60, ...more }
    expect(await rest('POST', MINT, { body })).toMatchObject({ status: 400, errors: [{ code: 10040 }] })
  })

  test.each([{ prefixes: [], objects: [] }, { prefixes: [] }, { objects: [] }])('an empty list grants nothing: %j', async (lists) => {
    const nothing = await mint({ bucket, ...lists })
    for (const [method, path] of [
      ['GET', '/a'],
      ['PUT', '/b'],
      ['DELETE', '/a'],
      ['GET', '?list-type=2'],
      ['GET', '?uploads'],
    ]) {
      expect(await s3(method!, `/${bucket}${path}`, nothing, method === 'PUT' ? { body: 'x' } : {})).toMatchObject({ status: 403 })
    }
  })

  test.each([{ prefixes: ['in/'] }, { prefixPaths: ['in/'], prefixpaths: [] }, []])('in the paths of a JWT: %j', async (paths) => {
    const credentials = signLocally({ bucket, paths }, ROOT)
    expect(await s3('GET', `/${bucket}/a`, credentials)).toMatchObject({
      status: 400,
      text: expect.stringContaining('X-Amz-Security-Token'),
    })
  })

  test.each<[string, string, object]>([
    ['PUT', 'domains/managed', { enabled: true, until: '2030-01-01T00:00:00Z' }],
    ['POST', 'domains/custom', { domain: 'files.example.com', zoneId: '0'.repeat(32), enabled: true, minTls: '1.3' }],
    ['PUT', 'cors', { rules: [{ allowed: { origins: ['*'], methods: ['GET'] }, paths: ['in/'] }] }],
    ['PUT', 'lifecycle', { rules: [{ id: 'r', enabled: true, conditions: { prefixes: 'in/' }, deleteObjectsTransition: {} }] }],
    ['PUT', 'lifecycle', { Rules: [] }],
    ['PUT', 'lock', { rule: [] }],
  ])('in what shows or deletes objects: %s %s %j', async (method, path, body) => {
    const answer = await rest(method, `${ACCOUNT}/r2/buckets/${bucket}/${path}`, { body })
    expect(answer).toMatchObject({ status: 400, errors: [{ code: 10040, message: expect.stringContaining('must not have') }] })
  })

  test.each([{ prefix: 'in/' }, { Permission: 'read' }, { expires: 0 }])('in the props of a binding: %j', (more) => {
    expect(() => readProps({ bucket, permission: 'read-write', ...more })).toThrow('The props of a binding to Cairn have no')
  })

  test('in event rules, of which an empty list removes none', async () => {
    const rules = `${ACCOUNT}/event_notifications/r2/${bucket}/configuration/queues/${await queueIdOf('cairn-events')}`
    const actions = ['PutObject']
    expect(await rest('PUT', rules, { body: { rules: [{ actions, prefixes: ['in/'] }] } })).toMatchObject({ status: 400 })
    expect(await rest('PUT', rules, { body: { rules: [{ actions, prefix: 'in/' }] } })).toMatchObject({ status: 200 })
    expect(await rest('DELETE', rules, { body: { ruleIDs: ['x'] } })).toMatchObject({ status: 400 })
    await rest('DELETE', rules, { body: { ruleIds: [] } })
    expect(await rest('GET', rules)).toMatchObject({ status: 200, result: { rules: [{ prefix: 'in/' }] } })
    expect(await rest('DELETE', rules)).toMatchObject({ status: 200 })
  })
})

describe('13: path-limited sessions', () => {
  const SECRET = 'the secret bytes'
  let theirUpload: string
  let myUpload: string
  const openUpload = async (key: string) => /<UploadId>(.*)<\/UploadId>/.exec((await s3('POST', `/${bucket}/${key}?uploads`)).text)![1]!
  beforeAll(async () => {
    await s3('PUT', `/${bucket}/secret/plan.doc`, ROOT, { body: SECRET })
    await s3('PUT', `/${bucket}/mine/x`, ROOT, { body: 'mine' })
    theirUpload = await openUpload('secret/plan.doc')
    myUpload = await openUpload('mine/x')
  })

  test('do not list the uploads of others on the path of an object', async () => {
    const session = await mint({ bucket, prefixes: ['mine/'] })
    expect(await s3('GET', `/${bucket}/mine/x?uploads`, session)).toMatchObject({ status: 403 })
    expect(await s3('GET', `/${bucket}/mine/x?uploads&prefix=secret%2F`, session)).toMatchObject({ status: 403 })
    const own = await s3('GET', `/${bucket}/mine/x?uploads&prefix=mine%2F`, session)
    expect(own).toMatchObject({ status: 200, text: expect.stringContaining(myUpload) })
    expect(own.text).not.toContain('secret')
  })

  const VALUES: Readonly<Record<string, string>> = { 'list-type': '2', partNumber: '1' }
  const ADDRESSES = ['', '/mine/x', '/secret/other']
  const PREFIXES = ['', '&prefix=', '&prefix=mine%2F', '&prefix=secret%2F']

  test.each(['object-read-write', 'admin-read-write'])(
    'see and change nothing of others, by any route, at any address: %s',
    async (permission) => {
      const session = await mint({ bucket, permission, prefixes: ['mine/'], objects: ['one'] })
      const asked = new Set<string>()
      for (const { method, query = [], subresource, header } of S3_ROUTES) {
        for (const address of ADDRESSES) {
          for (const prefix of PREFIXES) {
            const names = [...query, ...(subresource === undefined ? [] : [subresource])]
            const pairs = names.map((name) => `${name}=${name === 'uploadId' ? theirUpload : (VALUES[name] ?? '')}`)
            const path = `/${bucket}${address}?${pairs.join('&')}${prefix}`
            const headers: Record<string, string> = header === undefined ? {} : { [header]: `/${bucket}/secret/plan.doc` }
            if (asked.has(`${method} ${path} ${header}`)) continue
            asked.add(`${method} ${path} ${header}`)
            const sent = query.includes('delete') ? '<Delete><Object><Key>secret/plan.doc</Key></Object></Delete>' : 'x'
            const body = method === 'POST' || method === 'PUT' ? sent : undefined
            const { text } = await s3(method, path, session, { headers, body })
            expect(text.includes(SECRET) || (text.includes(theirUpload) && !path.includes(theirUpload)), `${method} ${path}`).toBe(false)
            if (sent === 'x') expect(text, `${method} ${path}`).not.toContain('plan.doc')
          }
        }
      }
      expect((await s3('GET', `/${bucket}/secret/plan.doc`)).text).toBe(SECRET)
      expect((await s3('GET', `/${bucket}?list-type=2&prefix=secret%2F`)).text).toContain('<KeyCount>1<')
      expect((await s3('GET', `/${bucket}/secret/plan.doc?uploadId=${theirUpload}`)).text).not.toContain('<Part>')
    },
    120_000,
  )
})

describe('17: what a token is denied, it gets in no other way', () => {
  let vault: string
  let open: string
  beforeAll(async () => {
    vault = await newBucket()
    open = await newBucket()
    await s3('PUT', `/${vault}/a`, ROOT, { body: 'bytes' })
  })
  const deniedObjects = (level: 'object-read' | 'object-read-write') =>
    tokenWith([{ level: 'admin-read-write' }, { level, buckets: on(vault), effect: 'deny' }])
  const BODIES: Readonly<Record<string, object>> = {
    PutManagedDomain: { enabled: true },
    AttachCustomDomain: { domain: 'vault.example.com', zoneId: '0'.repeat(32), enabled: true },
    PutBucketLifecycle: { rules: [{ id: 'r', enabled: true, deleteObjectsTransition: { condition: { type: 'Age', maxAge: 0 } } }] },
    PutEventNotificationRules: { rules: [{ actions: ['PutObject'] }] },
    PutBucketCors: { rules: [{ allowed: { origins: ['*'], methods: ['GET'] } }] },
  }

  test.each(['object-read', 'object-read-write'] as const)('%s: not by any route of REST that configures the bucket', async (level) => {
    const token = (await deniedObjects(level)).value
    const routes = REST_ROUTES.filter(
      ({ path, needs }) => path.includes('{bucket_name}') && (needs === 'bucket:write' || needs === 'object:read'),
    )
    expect(routes.map(({ op }) => op)).toEqual(
      expect.arrayContaining([...Object.keys(BODIES), 'PutBucketLocks', 'DeleteBucket', 'GetObject']),
    )
    for (const { op, method, path } of routes) {
      const at = path
        .replace('{account_id}', secrets.accountId)
        .replace('{bucket_name}', vault)
        .replace('{object_key+}', 'a')
        .replace(/\{\w+\}/, 'x.example.com')
      const answer = await rest(method, `/client/v4${at}`, { token, body: method === 'GET' ? undefined : (BODIES[op] ?? {}) })
      expect(answer, op).toMatchObject({ status: op === 'UpdateBucket' ? expect.any(Number) : 403 })
      expect(answer.status, op).toBeGreaterThanOrEqual(400)
    }
    expect(await rest('PUT', `${ACCOUNT}/r2/buckets/${open}/lifecycle`, { token, body: BODIES.PutBucketLifecycle })).toMatchObject({
      status: 200,
    })
  })

  test('nor by any route of S3 that does', async () => {
    const { credentials } = await deniedObjects('object-read')
    for (const { method, on: level, needs, query = [], subresource } of S3_ROUTES) {
      if (level !== 'bucket' || (needs !== 'bucket:write' && needs !== 'object:read')) continue
      const name = [...query, subresource].filter((part) => part !== undefined).join('=&')
      expect((await s3(method, `/${vault}?${name}`, credentials, method === 'GET' || method === 'HEAD' ? {} : { body: 'x' })).status).toBe(
        403,
      )
    }
    expect(await s3('PUT', `/${open}/copy`, credentials, { headers: { 'x-amz-copy-source': `/${vault}/a` } })).toMatchObject({
      status: 403,
    })
  })

  test.each(Object.keys(ADMIN_OPERATIONS))("nor by the operators' tool %s, not of another bucket either", async (operation) => {
    const { value } = await deniedObjects('object-read')
    for (const name of [vault, open]) {
      expect(await rest('POST', `/_cairn/${operation}`, { token: value, body: { bucket: name } })).toMatchObject({ status: 403 })
    }
  })

  test('nor by credentials that it makes, for others or temporary ones, nor through the queues of the account', async () => {
    const { value: token, id, credentials } = await deniedObjects('object-read')
    const body = { bucket: vault, parentAccessKeyId: id, permission: 'object-read-only', ttlSeconds: 60 }
    expect(await rest('POST', MINT, { token, body })).toMatchObject({ status: 403 })
    expect(await s3('GET', `/${vault}/a`, signLocally({ bucket: vault }, credentials))).toMatchObject({ status: 403 })
    const queue = await queueIdOf('cairn-events')
    expect(await rest('POST', `${ACCOUNT}/queues/${queue}/messages/pull`, { token, body: {} })).toMatchObject({ status: 403 })
    const rules = `${ACCOUNT}/event_notifications/r2/${open}/configuration/queues/${queue}`
    expect(await rest('PUT', rules, { token, body: BODIES.PutEventNotificationRules })).toMatchObject({ status: 403 })
  })
})

describe('23:', () => {
  test('a token for tokens alone deletes no stronger one', async () => {
    const manager = await tokenWith([{ level: 'tokens-read-write' }])
    const strong = await tokenWith([{ level: 'admin-read-write' }])
    expect(await rest('DELETE', `${ACCOUNT}/tokens/${strong.id}`, { token: manager.value })).toMatchObject({ status: 403 })
    expect(await rest('GET', '/client/v4/user/tokens/verify', { token: strong.value })).toMatchObject({ status: 200 })
    expect(await rest('DELETE', `${ACCOUNT}/tokens/${manager.id}`, { token: manager.value })).toMatchObject({ status: 200 })
  })

  test('a manager that was revoked makes no tokens and no temporary credentials, though its isolate still knows it', async () => {
    const manager = await tokenWith([{ level: 'tokens-read-write' }, { level: 'object-read' }])
    const token = manager.value
    expect(await rest('GET', '/client/v4/user/tokens/verify', { token })).toMatchObject({ status: 200 })
    await env.CONTROL.prepare('DELETE FROM tokens WHERE id = ?').bind(manager.id).run()
    expect(await rest('GET', '/client/v4/user/tokens/verify', { token })).toMatchObject({ status: 200 }) // Remembered.
    const minting = { bucket, parentAccessKeyId: manager.id, permission: 'object-read-only', ttlSeconds: 60 }
    expect(await rest('POST', MINT, { token, body: minting })).toMatchObject({ status: 401, errors: [{ code: 9109 }] })
    const resources = { [`com.cloudflare.api.account.${secrets.accountId}`]: '*' }
    const policies = [{ effect: 'allow', permission_groups: [{ id: '6a018a9f2fc74eb6b293b0c548f38b39' }], resources }]
    expect(await rest('POST', `${ACCOUNT}/tokens`, { token, body: { name: 'x', policies } })).toMatchObject({ status: 401 })
  })

  test('event rules of a bucket lead to a queue only for those who may write to the queues of the account', async () => {
    const queue = await queueIdOf('cairn-events')
    const rules = `${ACCOUNT}/event_notifications/r2/${bucket}/configuration/queues/${queue}`
    const body = { rules: [{ actions: ['PutObject'], prefix: 'events/' }] }
    const narrow = await tokenWith([{ level: 'admin-read-write', buckets: on(bucket) }])
    expect(await rest('GET', `${ACCOUNT}/queues`, { token: narrow.value })).toMatchObject({ status: 403 })
    expect(await rest('PUT', rules, { token: narrow.value, body })).toMatchObject({ status: 403, errors: [{ code: 10000 }] })
    const wide = await tokenWith([{ level: 'admin-read-write' }])
    expect(await rest('PUT', rules, { token: wide.value, body })).toMatchObject({ status: 200 })
    expect(await rest('DELETE', rules, { token: narrow.value })).toMatchObject({ status: 200 })
  })
})
