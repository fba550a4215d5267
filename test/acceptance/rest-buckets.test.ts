import { get, type IncomingMessage } from 'node:http'
import { ListBucketsCommand } from '@aws-sdk/client-s3'
import Cloudflare from 'cloudflare'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { s3Client, signedFetch, uniqueName } from './support/clients.ts'
import { cloudflare, rest, restFetch } from './support/rest.ts'
import { sendSigned } from './support/wire.ts'

const client = cloudflare()
const account_id = inject('server').accountId
const BUCKETS = '/accounts/{account}/r2/buckets'
const made: { name: string; jurisdiction?: 'eu' | 'us' | 'fedramp' | 'fedramp-high' }[] = []

async function create(name = uniqueName('rest'), extra: Partial<Cloudflare.R2.BucketCreateParams> = {}) {
  const bucket = await client.r2.buckets.create({ account_id, name, ...extra })
  made.push({ name, jurisdiction: extra['cf-r2-jurisdiction'] as 'eu' })
  return bucket
}

afterAll(async () => {
  for (const { name, jurisdiction } of made) {
    await client.r2.buckets.delete(name, { account_id, 'cf-r2-jurisdiction': jurisdiction }).catch(() => {})
  }
})

describe('authentication', () => {
  test.each([
    ['no token', { token: null }, 401, 9106, 'Missing Authorization header'],
    ['an unknown token', { token: 'x'.repeat(40) }, 401, 9109, 'Invalid access token'],
    ['another scheme', { token: null, headers: { authorization: 'Basic eDp5' } }, 400, 6003, 'Invalid format for Authorization header'],
    [
      'a global API key',
      { token: null, headers: { 'x-auth-key': 'k', 'x-auth-email': 'a@b.c' } },
      401,
      9109,
      'X-Auth-Key is not supported',
    ],
  ])('%s is refused in the envelope', async (_, request, status, code, message) => {
    const answer = await rest('GET', BUCKETS, request)
    expect(answer).toMatchObject({ status, success: false, result: null, messages: [], errors: [{ code }] })
    expect(answer.errors[0]!.message).toContain(message)
  })

  test('the S3 secret is not a bearer token', async () => {
    expect(await rest('GET', BUCKETS, { token: inject('server').secretAccessKey })).toMatchObject({ status: 401, errors: [{ code: 9109 }] })
  })

  test('an unknown token is verified with the code that wrangler understands', async () => {
    expect(await rest('GET', '/user/tokens/verify', { token: 'nope' })).toMatchObject({ status: 401, errors: [{ code: 1000 }] })
  })

  test('a bearer token counts when several credentials are sent', async () => {
    expect(await rest('GET', BUCKETS, { headers: { 'x-auth-key': 'k', 'x-auth-email': 'e' } })).toMatchObject({ status: 200 })
  })
})

describe('identity', () => {
  test('the token, the user, the account and the membership', async () => {
    expect(await client.user.tokens.verify()).toMatchObject({ id: inject('server').accessKeyId, status: 'active' })
    expect(await client.user.get()).toMatchObject({ id: account_id })
    expect(await client.accounts.get({ account_id })).toMatchObject({ id: account_id, type: 'standard' })
    const accounts = []
    for await (const account of client.accounts.list()) accounts.push(account.id)
    expect(accounts).toEqual([account_id])
    const memberships = []
    for await (const membership of client.memberships.list()) memberships.push(membership.account?.id)
    expect(memberships).toEqual([account_id])
    for (const path of ['/user', '/user/tokens/verify', '/accounts?page=1', '/memberships?page=1', '/accounts/{account}']) {
      expect(await rest('GET', path)).toMatchObject({ status: 200 })
    }
  })
})

describe('routes', () => {
  test('what does not exist is 404 or 405, in the envelope', async () => {
    expect(await rest('GET', '/nowhere')).toMatchObject({ status: 404, errors: [{ code: 7003 }] })
    expect(await rest('GET', '/accounts/{account}/r2/nowhere')).toMatchObject({ status: 404, errors: [{ code: 10015 }] })
    expect(await rest('PUT', BUCKETS)).toMatchObject({ status: 405, errors: [{ code: 10015 }] })
    expect(await rest('GET', `/accounts/${'0'.repeat(32)}/r2/buckets`)).toMatchObject({ status: 404, errors: [{ code: 7003 }] })
  })

  test('what is not there yet is 501, and the SDK does not try again', async () => {
    const answer = await rest('GET', '/accounts/{account}/r2-catalog')
    expect(answer).toMatchObject({ status: 501, errors: [{ message: 'GetDataCatalogs not implemented' }] })
    expect(answer.headers.get('x-should-retry')).toBe('false')
  })

  test('below the host of a bucket are keys like any other', async () => {
    const { hostname, port } = new URL(inject('server').endpoint)
    const message = await new Promise<IncomingMessage>((resolve) => {
      get({ hostname, port, path: '/client/v4/openapi.json', headers: { host: `photos.localhost:${port}` } }, resolve)
    })
    expect(message.headers['content-type']).toBe('application/xml')
    message.resume()
  })
})

describe('buckets', () => {
  test('are created with what R2 answers, and S3 sees them', async () => {
    const bucket = await create(undefined, { locationHint: 'weur', storageClass: 'InfrequentAccess' })
    expect(bucket).toEqual({
      name: bucket.name,
      location: 'WEUR',
      storage_class: 'InfrequentAccess',
      jurisdiction: 'default',
      creation_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    })
    expect(await client.r2.buckets.get(bucket.name!, { account_id })).toEqual(bucket)
    const { Buckets } = await s3Client().send(new ListBucketsCommand({ Prefix: bucket.name }))
    expect(Buckets?.map(({ Name }) => Name)).toEqual([bucket.name])
  })

  test('are created whatever the content type says', async () => {
    const name = uniqueName('rest')
    made.push({ name })
    const headers = { 'content-type': 'text/plain;charset=UTF-8' }
    expect(await rest('POST', BUCKETS, { body: { name }, headers })).toMatchObject({
      status: 200,
      result: { name, storage_class: 'Standard' },
    })
  })

  test('exist once', async () => {
    const { name } = await create()
    const again = await client.r2.buckets.create({ account_id, name: name! }).catch((error) => error)
    expect(again).toBeInstanceOf(Cloudflare.ConflictError)
    expect(again.errors).toEqual([{ code: 10004, message: 'The bucket you tried to create already exists, and you own it.' }])
    expect(again.headers.get('x-should-retry')).toBe('false')
  })

  test.each([
    ['a name in capitals', { name: 'Photos' }, {}, 10005],
    ['no name', {}, {}, 10005],
    ['an unknown storage class', { name: 'valid-name', storageClass: 'Glacier' }, {}, 10062],
    ['an unknown location', { name: 'valid-name', locationHint: 'mars' }, {}, 10040],
    ['an unknown jurisdiction', { name: 'valid-name' }, { 'cf-r2-jurisdiction': 'mars' }, 10029],
    ['no JSON', '{', {}, 10040],
    ['no object', '[]', {}, 10040],
  ])('are not created with %s', async (_, body, headers, code) => {
    expect(await rest('POST', BUCKETS, { body, headers })).toMatchObject({ status: 400, errors: [{ code }] })
  })

  test('change their storage class by a header, without a body', async () => {
    const { name } = await create()
    expect(await client.r2.buckets.edit(name!, { account_id, storage_class: 'InfrequentAccess' })).toMatchObject({
      name,
      storage_class: 'InfrequentAccess',
    })
    expect((await client.r2.buckets.get(name!, { account_id })).storage_class).toBe('InfrequentAccess')
    const listed = await client.r2.buckets.list({ account_id, name_contains: name })
    expect(listed.buckets).toMatchObject([{ storage_class: 'InfrequentAccess' }])
    await signedFetch('PUT', `/${name}/cold`, { body: 'x' })
    expect((await signedFetch('HEAD', `/${name}/cold`)).headers.get('x-amz-storage-class')).toBe('STANDARD_IA')
    await signedFetch('DELETE', `/${name}/cold`)
    expect(await rest('PATCH', `${BUCKETS}/${name}`, { headers: { 'cf-r2-storage-class': 'Glacier' } })).toMatchObject({
      status: 400,
      errors: [{ code: 10062 }],
    })
    expect(await rest('PATCH', `${BUCKETS}/${name}`)).toMatchObject({ status: 400, errors: [{ code: 10062 }] })
  })

  test('are deleted when they are empty', async () => {
    const { name } = await create()
    await signedFetch('PUT', `/${name}/a`, { body: 'a' })
    const full = await client.r2.buckets.delete(name!, { account_id }).catch((error) => error)
    expect(full).toMatchObject({ status: 409, errors: [{ code: 10008 }] })
    await signedFetch('DELETE', `/${name}/a`)
    expect(await client.r2.buckets.delete(name!, { account_id })).toEqual({})
    expect(await rest('DELETE', `${BUCKETS}/${name}`)).toMatchObject({ status: 404, errors: [{ code: 10006 }] })
    expect(await rest('GET', `${BUCKETS}/${name}`)).toMatchObject({
      status: 404,
      errors: [{ code: 10006, message: 'The specified bucket does not exist.' }],
    })
  })

  test('of different jurisdictions have names of their own', async () => {
    const { name } = await create()
    expect(await create(name, { 'cf-r2-jurisdiction': 'eu' })).toMatchObject({ name, jurisdiction: 'eu' })
    expect(await create(name, { 'cf-r2-jurisdiction': 'fedramp' })).toMatchObject({ jurisdiction: 'fedramp' })
    const inEu = await client.r2.buckets.list({ account_id, 'cf-r2-jurisdiction': 'eu', name_contains: name })
    expect(inEu.buckets).toMatchObject([{ name, jurisdiction: 'eu' }])
    expect(await rest('GET', `${BUCKETS}/${name}`, { headers: { 'cf-r2-jurisdiction': '' } })).toMatchObject({
      result: { jurisdiction: 'default' },
    })
    await client.r2.buckets.objects.upload('a', 'eu', { account_id, bucket_name: name!, 'cf-r2-jurisdiction': 'eu' })
    expect((await signedFetch('GET', `/${name}/a`)).status).toBe(404)
    await client.r2.buckets.objects.delete('a', { account_id, bucket_name: name!, 'cf-r2-jurisdiction': 'eu' })
  })
})

test.each(['eu', 'fedramp', 'us', 'fedramp-high'] as const)(
  'what REST calls %s by a header, S3 calls by a label of the host',
  async (jurisdiction) => {
    const { name } = await create(undefined, { 'cf-r2-jurisdiction': jurisdiction })
    const place = { account_id, bucket_name: name!, 'cf-r2-jurisdiction': jurisdiction }
    const host = `${jurisdiction}.localhost:${new URL(inject('server').endpoint).port}`
    await client.r2.buckets.objects.upload('from-rest', 'one', place)
    expect((await sendSigned(`/${name}/from-rest`, { headers: { host } })).text).toBe('one')
    expect((await sendSigned(`/${name}/from-s3`, { method: 'PUT', headers: { host }, body: 'two' })).status).toBe(200)
    expect(await (await client.r2.buckets.objects.get('from-s3', place)).text()).toBe('two')
    for (const key of ['from-rest', 'from-s3']) {
      expect((await sendSigned(`/${name}/${key}`)).status).toBe(404)
      await client.r2.buckets.objects.delete(key, place)
    }
  },
)

describe('the list of buckets', () => {
  test('takes every parameter', async () => {
    const stem = uniqueName('list')
    const names = ['a', 'b', 'c', 'd', 'e'].map((letter) => `${stem}-${letter}`)
    for (const name of names) await create(name)
    const list = async (query: string) => {
      const answer = await rest<{ buckets: { name: string }[] }>('GET', `${BUCKETS}?name_contains=${stem.slice(2)}&${query}`)
      return { names: answer.result.buckets.map(({ name }) => name), info: answer.result_info }
    }
    expect(await list('')).toEqual({ names, info: { cursor: '', per_page: 1000 } })
    expect((await list('order=name&direction=desc')).names).toEqual(names.toReversed())
    expect((await list(`start_after=${names[1]}`)).names).toEqual(names.slice(2))
    expect((await list(`start_after=${names[3]}&direction=desc`)).names).toEqual(names.slice(0, 3).toReversed())
    for (const direction of ['asc', 'desc']) {
      const found: string[] = []
      for (let cursor = '', pages = 0; pages === 0 || cursor !== ''; pages++) {
        const page = await list(`direction=${direction}&per_page=2&cursor=${cursor}`)
        expect(page.names.length).toBeLessThanOrEqual(2)
        found.push(...page.names)
        cursor = page.info.cursor
      }
      expect(found).toEqual(direction === 'asc' ? names : names.toReversed())
    }
  })

  test.each(['per_page=0', 'per_page=1001', 'per_page=x', 'direction=up', 'order=size', 'cursor=nonsense'])('refuses %s', async (query) => {
    expect(await rest('GET', `${BUCKETS}?${query}`)).toMatchObject({ status: 400, errors: [{ code: 10029 }] })
  })
})

describe('CORS', () => {
  const rules = [
    {
      id: 'one',
      allowed: { origins: ['https://a.example'], methods: ['GET', 'PUT'], headers: ['content-type'] },
      exposeHeaders: ['ETag'],
      maxAgeSeconds: 3600,
    },
    { allowed: { origins: ['*'], methods: ['HEAD'] } },
  ]

  test('is set, read and removed, and S3 sees it', async () => {
    const { name } = await create()
    const params = { account_id }
    const unset = await client.r2.buckets.cors.get(name!, params).catch((error) => error)
    expect(unset).toMatchObject({ status: 404, errors: [{ code: 10059, message: 'The CORS configuration does not exist.' }] })
    expect(await client.r2.buckets.cors.update(name!, { ...params, rules: rules as never })).toEqual({})
    expect(await client.r2.buckets.cors.get(name!, params)).toEqual({ rules })
    expect((await rest('GET', `${BUCKETS}/${name}/cors`)).status).toBe(200)
    const xml = await (await signedFetch('GET', `/${name}?cors`)).text()
    expect(xml).toContain('<AllowedOrigin>https://a.example</AllowedOrigin>')
    expect(await client.r2.buckets.cors.delete(name!, params)).toEqual({})
    expect(await rest('DELETE', `${BUCKETS}/${name}/cors`)).toMatchObject({ status: 200 })
    expect((await signedFetch('GET', `/${name}?cors`)).status).toBe(404)
  })

  test.each([
    ['a method that there is not', [{ allowed: { origins: ['*'], methods: ['PATCH'] } }]],
    ['an origin with a path', [{ allowed: { origins: ['https://a.example/x'], methods: ['GET'] } }]],
    ['the shape of AWS', [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'] }]],
    ['an age over a day', [{ allowed: { origins: ['*'], methods: ['GET'] }, maxAgeSeconds: 86_401 }]],
  ])('refuses %s', async (_, wrong) => {
    const { name } = await create()
    expect(await rest('PUT', `${BUCKETS}/${name}/cors`, { body: { rules: wrong } })).toMatchObject({
      status: 400,
      errors: [{ code: 10040 }],
    })
  })
})

test('the OpenAPI document is served to everybody, and names every operation once', async () => {
  const response = await restFetch('GET', '/openapi.json', { token: null })
  const document = (await response.json()) as { openapi: string; paths: Record<string, Record<string, { operationId: string }>> }
  expect(document.openapi).toMatch(/^3\.1/)
  const names = Object.values(document.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
  expect(new Set(names).size).toBe(names.length)
  expect(document.paths['/accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}']).toHaveProperty('put')
})

describe('local uploads', () => {
  const name = uniqueName('near')
  const path = `/accounts/{account}/r2/buckets/${name}/local-uploads`
  const eu = { 'cf-r2-jurisdiction': 'eu' }
  beforeAll(async () => {
    for (const headers of [{}, eu]) await rest('POST', '/accounts/{account}/r2/buckets', { body: { name }, headers })
  })
  afterAll(async () => {
    for (const headers of [{}, eu]) await rest('DELETE', `/accounts/{account}/r2/buckets/${name}`, { headers })
  })
  const enabled = async () => (await rest<{ enabled: boolean }>('GET', path)).result.enabled

  test('are configured, shown, and in the audit log', async () => {
    expect(await enabled()).toBe(false)
    expect(await rest('PUT', path, { body: { enabled: true } })).toMatchObject({ status: 200 })
    expect(await enabled()).toBe(true)
    expect(await rest('PUT', path, { body: { enabled: false } })).toMatchObject({ status: 200 })
    expect(await enabled()).toBe(false)
    const log = `/accounts/{account}/logs/audit?since=2020-01-01&before=2100-01-01&resource_id=${name}&raw_method=PUT`
    const { result } = await rest<{ action: { description: string } }[]>('GET', log)
    expect(result.map(({ action }) => action.description)).toEqual(['DeleteBucketLocalUploads', 'PutBucketLocalUploads'])
  })

  test('change nothing for uploads', async () => {
    await rest('PUT', path, { body: { enabled: true } })
    const object = path.replace('local-uploads', 'objects/k')
    expect(await rest('PUT', object, { body: 'bytes' })).toMatchObject({ status: 200 })
    expect(await (await restFetch('GET', object)).text()).toBe('bytes')
    expect(await rest('DELETE', object)).toMatchObject({ status: 200 })
  })

  test.each([{}, { enabled: 'yes' }, { enabled: true, until: 1 }, undefined, '{'])('are refused for the body %j', async (body) => {
    expect(await rest('PUT', path, { body })).toMatchObject({ status: 400, errors: [{ code: 10040 }] })
  })

  test('are not for a bucket of a jurisdiction, which is told so', async () => {
    expect(await rest('PUT', path, { body: { enabled: true }, headers: eu })).toMatchObject({
      status: 400,
      errors: [{ message: expect.stringContaining('jurisdiction') }],
    })
    expect(await rest('PUT', path, { body: { enabled: false }, headers: eu })).toMatchObject({ status: 200 })
    expect(await rest('GET', path, { headers: eu })).toMatchObject({ result: { enabled: false } })
    expect(await rest('GET', path.replace(name, 'nobody-has-this'))).toMatchObject({ status: 404, errors: [{ code: 10006 }] })
  })
})
