import { CreateBucketCommand, DeleteBucketCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { s3Client, uniqueName } from './support/clients.ts'
import { allOf, cloudflare, rest } from './support/rest.ts'

const { accountId: account_id, accessKeyId } = inject('server')
const client = cloudflare()
const name = uniqueName('audited')
const BUCKET = `/accounts/{account}/r2/buckets/${name}`
const ACTIONS = [
  'CreateBucket',
  'PutBucketStorageClass',
  'PutBucketCors',
  'DeleteBucketCors',
  'DeleteBucket',
  'CreateBucket',
  'DeleteBucket',
]
const since = new Date(Date.now() - 60_000).toISOString()
const until = () => new Date(Date.now() + 60_000).toISOString()

beforeAll(async () => {
  await client.r2.buckets.create({ account_id, name })
  await client.r2.buckets.edit(name, { account_id, storage_class: 'InfrequentAccess' })
  await client.r2.buckets.cors.update(name, { account_id, rules: [{ allowed: { origins: ['*'], methods: ['GET'] } }] })
  await client.r2.buckets.cors.delete(name, { account_id })
  await rest('PUT', `${BUCKET}/objects/data`, { body: 'not logged' })
  await rest('DELETE', `${BUCKET}/objects/data`)
  await client.r2.buckets.delete(name, { account_id })
  await s3Client().send(new CreateBucketCommand({ Bucket: name }))
  await s3Client().send(new DeleteBucketCommand({ Bucket: name }))
})

const page = async (query: string) => {
  const range = `since=${since}&before=${until()}&resource_id=${name}`
  // biome-ignore lint/suspicious/noExplicitAny: compared field by field.
  const answer = await rest<any[]>('GET', `/accounts/{account}/logs/audit?${range}&${query}`)
  return { ...answer, actions: answer.result.map((entry) => entry.action.description) }
}

describe('the audit log', () => {
  test('has every configuration action, whatever it came over, and no access to data', async () => {
    expect((await page('direction=asc')).actions).toEqual(ACTIONS)
    expect((await page('')).actions).toEqual(ACTIONS.toReversed())
  })

  test('says who, from where, what and when', async () => {
    const { result } = await page('direction=asc')
    expect(result[1]).toMatchObject({
      account: { id: account_id },
      action: { type: 'update', result: 'success', description: 'PutBucketStorageClass', time: expect.stringMatching(/Z$/) },
      actor: { token_id: accessKeyId, token_name: 'root', type: 'user', context: 'api_token', ip_address: expect.any(String) },
      raw: { method: 'PATCH', uri: `/client/v4${BUCKET.replace('{account}', account_id)}`, status_code: 200 },
      resource: {
        id: name,
        type: 'r2.bucket',
        product: 'r2',
        request: { storageClass: 'InfrequentAccess' },
        response: { storageClass: 'Standard' },
      },
    })
    expect(result[5]).toMatchObject({ raw: { method: 'PUT', uri: expect.stringContaining(`/${name}`) } })
  })

  test('believes the connection, not what a client writes about where it comes from', async () => {
    const claimed = uniqueName('claimed')
    const headers = { 'cf-connecting-ip': '192.0.2.7', 'MF-CF-Blob': '{"clientIp":"192.0.2.7:1"', 'x-forwarded-for': '192.0.2.7' }
    expect(await rest('POST', '/accounts/{account}/r2/buckets', { body: { name: claimed }, headers })).toMatchObject({ status: 200 })
    await client.r2.buckets.delete(claimed, { account_id })
    // biome-ignore lint/suspicious/noExplicitAny: compared field by field.
    const { result } = await rest<any[]>('GET', `/accounts/{account}/logs/audit?since=${since}&before=${until()}&resource_id=${claimed}`)
    expect(result.map(({ actor }) => actor.ip_address)).toEqual(['127.0.0.1', '127.0.0.1'])
  })

  test('is filtered, also by what is not wanted', async () => {
    expect((await page('action_type=update&direction=asc')).actions).toEqual(['PutBucketStorageClass', 'PutBucketCors'])
    expect((await page('action_type.not=create&action_type.not=delete&direction=asc')).actions).toEqual([
      'PutBucketStorageClass',
      'PutBucketCors',
    ])
    expect((await page('raw_method=PUT&raw_method=PATCH&direction=asc')).actions).toEqual([
      'PutBucketStorageClass',
      'PutBucketCors',
      'CreateBucket',
    ])
    expect((await page('actor_token_name=nobody')).actions).toEqual([])
    expect((await page('action_result=failure')).actions).toEqual([])
    expect((await page('actor_type.not=user')).actions).toEqual([])
  })

  test('is paged by a cursor', async () => {
    const found: string[] = []
    let cursor = ''
    do {
      const next = await page(`limit=2&direction=asc&cursor=${cursor}`)
      expect(next.result.length).toBeLessThanOrEqual(2)
      found.push(...next.actions)
      cursor = next.result_info.cursors.after
    } while (cursor !== '')
    expect(found).toEqual(ACTIONS)
  })

  test('is iterated by the SDK, in both versions, and ends', async () => {
    const second = []
    for await (const entry of client.accounts.logs.audit.list({ account_id, since, before: until(), limit: 100, direction: 'asc' })) {
      if (entry.resource?.id === name) second.push(entry.action?.description)
    }
    expect(second).toEqual(ACTIONS)
    const first = []
    for await (const entry of client.auditLogs.list({ account_id, since, per_page: 50, direction: 'asc' })) {
      if (entry.resource?.id === name) first.push(entry)
    }
    expect(first.map(({ action }) => (action as { info?: string }).info)).toEqual(ACTIONS)
    expect(first[1]).toMatchObject({
      action: { type: 'update', result: true },
      interface: 'API',
      newValue: '{"storageClass":"InfrequentAccess"}',
      oldValueJson: { storageClass: 'Standard' },
      resource: { id: name, type: 'r2.bucket' },
    })
    expect(first[5]).toMatchObject({ interface: 'S3' })
    expect(await rest('GET', `/accounts/{account}/audit_logs?since=${since}`)).toMatchObject({ status: 200 })
    expect((await allOf(client.user.auditLogs.list({ since, per_page: 1000 }))).some(({ resource }) => resource?.id === name)).toBe(true)
  })

  test('tells of tokens, never of their values', async () => {
    const resources = { [`com.cloudflare.api.account.${account_id}`]: '*' }
    const policies = [{ effect: 'allow' as const, permission_groups: [{ id: 'b4992e1108244f5d8bfbd5744320c2e1' }], resources }]
    const { id, value } = await client.accounts.tokens.create({ account_id, name: 'watched', policies })
    const rolled = await client.accounts.tokens.value.update(id!, { account_id })
    await client.accounts.tokens.update(id!, { account_id, name: 'renamed', policies })
    await client.accounts.tokens.delete(id!, { account_id })
    const answer = await rest('GET', `/accounts/{account}/logs/audit?since=${since}&before=${until()}&resource_id=${id}&direction=asc`)
    expect(answer.result).toMatchObject(
      ['CreateToken', 'RollToken', 'UpdateToken', 'DeleteToken'].map((description) => ({ action: { description } })),
    )
    expect(JSON.stringify(answer)).not.toContain(value)
    expect(JSON.stringify(answer)).not.toContain(rolled)
  })

  test('is filtered by product and by category, which add up, also by what is not wanted', async () => {
    const { id } = await client.accounts.tokens.create({
      account_id,
      name: 'of a product',
      policies: [
        {
          effect: 'allow',
          permission_groups: [{ id: 'b4992e1108244f5d8bfbd5744320c2e1' }],
          resources: { [`com.cloudflare.api.account.${account_id}`]: '*' },
        },
      ],
    })
    await client.accounts.tokens.delete(id!, { account_id })
    const products = async (query: string) => {
      const range = `since=${since}&before=${until()}&resource_id=${name}&resource_id=${id}&limit=1000`
      const { result } = await rest<{ resource: { product: string } }[]>('GET', `/accounts/{account}/logs/audit?${range}&${query}`)
      return [...new Set(result.map(({ resource }) => resource.product))].sort()
    }
    expect(await products('')).toEqual(['api_tokens', 'r2'])
    expect(await products('product_category=R2')).toEqual(['r2'])
    expect(await products('resource_product=api_tokens')).toEqual(['api_tokens'])
    expect(await products('product_category=r2&resource_product=api_tokens')).toEqual(['api_tokens', 'r2'])
    expect(await products('product_category=r2&product_category=api_tokens')).toEqual(['api_tokens', 'r2'])
    expect(await products('resource_product=kv')).toEqual([])
    expect(await products('resource_product.not=r2')).toEqual(['api_tokens'])
    expect(await products('resource_product.not=kv')).toEqual(['api_tokens', 'r2'])
    expect(await products('resource_type.not=token&product_category=api_tokens')).toEqual([])
    for (const not of ['actor_email.not=nobody@example.com', 'zone_id.not=x', 'raw_status_code.not=404', 'account_name.not=x']) {
      expect(await products(not)).toEqual(['api_tokens', 'r2'])
    }
    const refused = await rest('GET', `/accounts/{account}/logs/audit?since=${since}&before=${until()}&product_category=kv`)
    expect(refused).toMatchObject({ status: 400, errors: [{ message: expect.stringContaining('kv') }] })
  })

  test('names its product categories, and the SDK filters by them', async () => {
    const { result } = await rest('GET', '/accounts/{account}/logs/audit/product_categories')
    expect(result).toEqual([
      { value: 'r2', label: 'R2', products: [{ value: 'r2', label: 'R2' }] },
      { value: 'api_tokens', label: 'API Tokens', products: [{ value: 'api_tokens', label: 'API Tokens' }] },
    ])
    const query = { account_id, since, before: until(), resource_product: { not: ['api_tokens'] }, resource_id: { not: [name] } }
    const found = await allOf(client.accounts.logs.audit.list(query))
    expect(found.some(({ resource }) => resource?.id === name || resource?.product === 'api_tokens')).toBe(false)
  })

  test.each([
    '',
    'since=2026-01-01',
    'since=x&before=y',
    'since=2026-01-01&before=2026-02-01&cursor=x',
    'since=2026-01-01&before=2026-02-01&limit=0',
  ])('refuses "%s"', async (query) => {
    expect(await rest('GET', `/accounts/{account}/logs/audit?${query}`)).toMatchObject({ status: 400, errors: [{ code: 10029 }] })
  })
})

describe('the history of an entry', () => {
  // biome-ignore lint/suspicious/noExplicitAny: compared field by field.
  const history = (id: string, query: string) => rest<any[]>('GET', `/accounts/{account}/logs/audit/${id}/history?${query}`)

  test('has all entries of the same resource, in pages', async () => {
    const [entry] = (await page('action_type=update')).result
    const actionTime = `action_time=${entry.action.time}`
    const whole = await history(entry.id, `${actionTime}&direction=asc`)
    expect(whole.result.map(({ action }) => action.description)).toEqual(ACTIONS)
    expect(whole.result_info).toEqual({ count: ACTIONS.length, cursors: { after: '' }, history_status: 'exact' })
    const pages: string[] = []
    let cursor = ''
    do {
      const { result, result_info } = await history(entry.id, `${actionTime}&limit=3&cursor=${cursor}`)
      pages.push(...result.map(({ action }) => action.description))
      cursor = result_info.cursors.after
    } while (cursor !== '')
    expect(pages).toEqual(ACTIONS.toReversed())
    const seconds = `${entry.action.time.slice(0, 19)}Z`
    const earlier = await history(entry.id, `action_time=${seconds}&before=${entry.action.time}&direction=asc`)
    expect(earlier.result.map(({ action }) => action.description)).toEqual(ACTIONS.slice(0, earlier.result.length))
    expect(earlier.result.length).toBeLessThan(ACTIONS.length)
  })

  test('is not mixed with that of a bucket of the same name elsewhere', async () => {
    const headers = { 'cf-r2-jurisdiction': 'eu' }
    await rest('POST', '/accounts/{account}/r2/buckets', { body: { name }, headers })
    await rest('DELETE', BUCKET, { headers })
    const [last] = (await page('')).result
    expect((await history(last.id, `action_time=${last.action.time}`)).result.map(({ action }) => action.description)).toEqual([
      'DeleteBucket',
      'CreateBucket',
    ])
  })

  test('needs the time of the entry, and the entry', async () => {
    const [entry] = (await page('limit=1')).result
    expect(await history(entry.id, '')).toMatchObject({ status: 400, errors: [{ code: 10029 }] })
    expect((await history(entry.id, 'action_time=2020-01-01')).status).toBe(404)
    expect((await history(entry.id, `action_time=${entry.action.time.slice(0, 10)}`)).result).not.toEqual([])
    expect((await history('0'.repeat(32), `action_time=${entry.action.time}`)).status).toBe(404)
  })
})

describe('a token that is denied a bucket', () => {
  test('sees no entry about it, nor about temporary credentials for it, on any way', async () => {
    const [secret, open] = [uniqueName('secret'), uniqueName('open')]
    for (const name of [secret, open]) await client.r2.buckets.create({ account_id, name })
    for (const bucket of [secret, open]) {
      const body = { bucket, parentAccessKeyId: accessKeyId, permission: 'object-read-only', ttlSeconds: 60, prefixes: ['in/'] }
      await rest('POST', '/accounts/{account}/r2/temp-access-credentials', { body })
    }
    const policies = [
      {
        effect: 'allow' as const,
        permission_groups: [{ id: 'b4992e1108244f5d8bfbd5744320c2e1' }],
        resources: { [`com.cloudflare.api.account.${account_id}`]: '*' },
      },
      {
        effect: 'deny' as const,
        permission_groups: [{ id: '6a018a9f2fc74eb6b293b0c548f38b39' }],
        resources: { [`com.cloudflare.edge.r2.bucket.${account_id}_default_${secret}`]: '*' },
      },
    ]
    const { id, value: token } = await client.accounts.tokens.create({ account_id, name: 'denied', policies })
    const range = `since=${since}&before=${until()}`
    const entry = (
      await rest<{ id: string; action: { time: string } }[]>('GET', `/accounts/{account}/logs/audit?${range}&resource_id=${secret}`)
    ).result[0]!
    const texts = []
    for (const path of [
      `logs/audit?${range}&limit=1000&resource_type=r2.bucket&resource_type=session`,
      `audit_logs?since=${since}&per_page=1000`,
    ]) {
      const { result } = await rest<{ resource: { type: string } }[]>('GET', `/accounts/{account}/${path}`, { token })
      texts.push(JSON.stringify(result.filter(({ resource }) => resource.type !== 'token')))
    }
    for (const text of texts) {
      expect(text).not.toContain(secret)
      expect(text.split(open).length).toBeGreaterThan(2)
    }
    const history = `/accounts/{account}/logs/audit/${entry.id}/history?action_time=${entry.action.time}`
    expect((await rest('GET', history)).status).toBe(200)
    expect((await rest('GET', history, { token })).status).toBe(404)
    await client.accounts.tokens.delete(id!, { account_id })
    for (const name of [secret, open]) await client.r2.buckets.delete(name, { account_id })
  })
})
