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
