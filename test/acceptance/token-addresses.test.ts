import { createHash } from 'node:crypto'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type Cloudflare from 'cloudflare'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { s3Client } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { cloudflare, rest, restFetch } from './support/rest.ts'
import { type Server, startServer } from './support/server.ts'
import { wranglerIn } from './support/wrangler.ts'

// The server listens on 127.0.0.1 alone: that is where all requests come from.

const { accountId: account_id, endpoint } = inject('server')
const bucket = lentBucket()
const client = cloudflare()
const TOKENS = '/accounts/{account}/tokens'
const GROUPS = { write: 'bf7481a1826f439697cb59a20b22293e', tokens: '5bc3f8b21c554832afc660159ab75fa4' }
const POLICIES = [
  {
    effect: 'allow' as const,
    permission_groups: [{ id: GROUPS.write }, { id: GROUPS.tokens }],
    resources: { [`com.cloudflare.api.account.${account_id}`]: '*' },
  },
]
/** Everything by which a client might claim another address. */
const CLAIMS: Record<string, string> = {
  'cf-connecting-ip': '192.0.2.7',
  'cf-connecting-ipv6': '192.0.2.7',
  'true-client-ip': '192.0.2.7',
  'x-real-ip': '192.0.2.7',
  'x-forwarded-for': '192.0.2.7',
  forwarded: 'for=192.0.2.7',
  'mf-cf-blob': '{"clientIp":"192.0.2.7:1"}',
  'cf-ew-raw-client-ip': '192.0.2.7',
}

type RequestIp = NonNullable<NonNullable<Cloudflare.Accounts.TokenCreateParams['condition']>['request_ip']>
type Made = { id: string; value: string }

const made: string[] = []
async function make(request_ip: RequestIp, maker = client): Promise<Made> {
  const token = await maker.accounts.tokens.create({ account_id, name: 'somewhere', policies: POLICIES, condition: { request_ip } })
  made.push(token.id!)
  return { id: token.id!, value: token.value! }
}
afterAll(async () => {
  for (const id of made) await client.accounts.tokens.delete(id, { account_id }).catch(() => {})
})

function s3Of({ id, value }: Made): S3Client {
  return s3Client({ credentials: { accessKeyId: id, secretAccessKey: createHash('sha256').update(value).digest('hex') } })
}

const failed = (work: Promise<unknown>) => work.then(() => expect.fail('it succeeded')).catch((error) => error)

describe('a limit to addresses', () => {
  test('is kept and shown as it was written, and can be changed and taken away', async () => {
    const request_ip = { in: ['192.0.2.0/24', '2001:db8::/32', '127.0.0.1'], not_in: ['192.0.2.9'] }
    const { id, value } = await make(request_ip)
    const shown = await client.accounts.tokens.get(id, { account_id })
    expect(shown.condition).toEqual({ request_ip })
    expect(
      (await rest<{ id: string; condition: unknown }[]>('GET', `${TOKENS}?per_page=1000`)).result.find((one) => one.id === id),
    ).toMatchObject({
      condition: { request_ip },
    })
    // The whole document sent back changes nothing.
    await rest('PUT', `${TOKENS}/${id}`, { body: shown })
    expect((await client.accounts.tokens.get(id, { account_id })).condition).toEqual({ request_ip })
    await rest('PUT', `${TOKENS}/${id}`, { body: { ...shown, condition: { request_ip: { in: ['192.0.2.1'] } } } })
    expect((await rest('GET', '/user/tokens/verify', { token: value })).status).toBe(403)
    await rest('PUT', `${TOKENS}/${id}`, { body: { ...shown, condition: {} } })
    expect((await client.accounts.tokens.get(id, { account_id })).condition).toBeUndefined()
    expect((await rest('GET', '/user/tokens/verify', { token: value })).status).toBe(200)
  })

  test.each<[RequestIp, boolean]>([
    [{ in: ['127.0.0.1'] }, true],
    [{ in: ['127.0.0.0/8', '::1'] }, true],
    [{ in: ['::ffff:127.0.0.1'] }, true],
    [{ not_in: ['192.0.2.0/24'] }, true],
    [{ in: ['192.0.2.0/24'] }, false],
    [{ in: ['::/0'] }, false],
    [{ not_in: ['127.0.0.1'] }, false],
    [{ in: ['0.0.0.0/0'], not_in: ['127.0.0.0/8'] }, false],
  ])('%j holds on REST and S3 alike: %s', async (request_ip, isAllowed) => {
    const token = await make(request_ip)
    expect((await rest('GET', '/accounts/{account}/r2/buckets', { token: token.value })).status).toBe(isAllowed ? 200 : 403)
    const asked = s3Of(token).send(new ListObjectsV2Command({ Bucket: bucket.name }))
    if (isAllowed) await asked
    else expect(await failed(asked)).toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } })
  })
})

describe('a token for another place', () => {
  let elsewhere: Made
  beforeAll(async () => {
    elsewhere = await make({ in: ['192.0.2.0/24'] })
    await bucket.put('k', 'v')
  })

  test('is refused by every face with the address that the server sees, and no header helps', async () => {
    const message = 'Cannot use the access token from location: 127.0.0.1'
    for (const headers of [{}, CLAIMS, ...Object.entries(CLAIMS).map(([name, value]) => ({ [name]: value }))]) {
      for (const path of ['/accounts/{account}/r2/buckets', '/user', '/user/tokens/verify', TOKENS]) {
        expect(await rest('GET', path, { token: elsewhere.value, headers })).toMatchObject({
          status: 403,
          errors: [{ code: 9109, message }],
        })
      }
      const authorization = `Bearer ${elsewhere.value}`
      const admin = await fetch(`${endpoint}/_cairn/fsck`, { method: 'POST', headers: { authorization, ...headers }, body: '{}' })
      expect([admin.status, await admin.text()]).toEqual([403, expect.stringContaining(message)])
      const s3 = s3Of(elsewhere)
      s3.middlewareStack.add(
        (next) => (args) => {
          Object.assign((args.request as { headers: object }).headers, headers)
          return next(args)
        },
        { step: 'finalizeRequest', priority: 'low' },
      )
      expect(await failed(s3.send(new GetObjectCommand({ Bucket: bucket.name, Key: 'k' })))).toMatchObject({
        name: 'AccessDenied',
        message,
      })
    }
  })

  test('is refused in a presigned URL', async () => {
    const url = await getSignedUrl(s3Of(elsewhere), new GetObjectCommand({ Bucket: bucket.name, Key: 'k' }))
    expect((await fetch(url)).status).toBe(403)
    expect((await fetch(url, { headers: CLAIMS })).status).toBe(403)
    const here = await make({ in: ['127.0.0.1'] })
    const own = await getSignedUrl(s3Of(here), new GetObjectCommand({ Bucket: bucket.name, Key: 'k' }))
    expect(await (await fetch(own)).text()).toBe('v')
  })

  test('does not say so to a stranger, who has a wrong secret', async () => {
    const stranger = s3Of({ ...elsewhere, value: 'wrong' })
    expect(await failed(stranger.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'k' })))).toMatchObject({
      name: 'SignatureDoesNotMatch',
    })
  })

  test('is one clear line in wrangler', async () => {
    const place = await wranglerIn()
    const { code, out, err } = await place.run(['r2', 'bucket', 'list'], { token: elsewhere.value })
    await place.remove()
    expect(code).toBe(1)
    expect(out + err).toContain('Cannot use the access token from location: 127.0.0.1 [code: 9109]')
  })
})

describe('temporary credentials', () => {
  const mint = async (parent: Made, token: string) => {
    const body = { bucket: bucket.name, parentAccessKeyId: parent.id, permission: 'object-read-only', ttlSeconds: 900 }
    return rest<{ accessKeyId: string; secretAccessKey: string; sessionToken: string }>(
      'POST',
      '/accounts/{account}/r2/temp-access-credentials',
      {
        body,
        token,
      },
    )
  }
  const read = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }) =>
    s3Client({ credentials }).send(new GetObjectCommand({ Bucket: bucket.name, Key: 'k' }))

  test('have the limit of their parent', async () => {
    await bucket.put('k', 'v')
    const here = await make({ in: ['127.0.0.1'] })
    await read((await mint(here, here.value)).result)
    const elsewhere = await make({ in: ['192.0.2.1'] })
    const { result } = await mint(elsewhere, inject('server').apiToken)
    expect(await failed(read(result))).toMatchObject({ name: 'AccessDenied' })
  })
})

describe('a maker of tokens that is limited to addresses', () => {
  let maker: Made
  beforeAll(async () => {
    maker = await make({ in: ['127.0.0.0/8', '192.0.2.0/24'] })
  })

  test('passes on some of them, and no others', async () => {
    const as = cloudflare({ token: maker.value })
    await make({ in: ['127.0.0.1', '192.0.2.128/25'] }, as)
    await make({ in: ['127.0.0.0/7'], not_in: ['126.0.0.0/8'] }, as)
    for (const more of [{ in: ['127.0.0.1', '198.51.100.1'] }, { in: ['0.0.0.0/0'] }, { not_in: ['198.51.100.0/24'] }, {}]) {
      expect(await failed(make(more, as))).toMatchObject({ status: 403, errors: [{ code: 10003 }] })
    }
  })

  test('neither rolls nor changes a token for other addresses, and may delete it', async () => {
    const victim = await make({ in: ['198.51.100.1'] })
    const policies = POLICIES
    const token = maker.value
    expect(await restFetch('PUT', `${TOKENS}/${victim.id}/value`, { token })).toMatchObject({ status: 403 })
    const body = { name: 'mine', policies, condition: { request_ip: { in: ['127.0.0.1'] } } }
    expect(await rest('PUT', `${TOKENS}/${victim.id}`, { token, body })).toMatchObject({ status: 403 })
    expect(await rest('DELETE', `${TOKENS}/${victim.id}`, { token })).toMatchObject({ status: 200 })
  })
})

describe('npm run dev, whose proxy lets clients claim an address,', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer({ door: 'dev' })
  }, 120_000)
  afterAll(() => server.stop())

  test('believes where it listens, and no header', async () => {
    const policies = [{ ...POLICIES[0]!, resources: { [`com.cloudflare.api.account.${server.accountId}`]: '*' } }]
    const create = async (request_ip: RequestIp) =>
      (await rest<{ value: string }>('POST', TOKENS, { server, body: { name: 'x', policies, condition: { request_ip } } })).result.value
    const [here, elsewhere] = [await create({ in: ['127.0.0.1'] }), await create({ in: ['192.0.2.0/24'] })]
    for (const headers of [{}, ...Object.entries(CLAIMS).map(([name, value]) => ({ [name]: value }))]) {
      const statusOf = async (token: string) =>
        (await restFetch('GET', '/accounts/{account}/r2/buckets', { server, token, headers })).status
      expect([await statusOf(here), await statusOf(elsewhere)], JSON.stringify(headers)).toEqual([200, 403])
    }
  }, 60_000)
})
