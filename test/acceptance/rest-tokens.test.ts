import { createHash } from 'node:crypto'
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { s3Client } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { allOf, cloudflare, rest } from './support/rest.ts'

const { accountId: account_id } = inject('server')
const bucket = lentBucket()
const other = lentBucket()
const client = cloudflare()
const TOKENS = '/accounts/{account}/tokens'
const GROUPS = {
  write: 'bf7481a1826f439697cb59a20b22293e',
  read: 'b4992e1108244f5d8bfbd5744320c2e1',
  itemWrite: '2efd5506f9c8494dacb1fa10a3e7d5b6',
  itemRead: '6a018a9f2fc74eb6b293b0c548f38b39',
  tokensWrite: '5bc3f8b21c554832afc660159ab75fa4',
}
const ACCOUNT = { [`com.cloudflare.api.account.${account_id}`]: '*' }
const bucketResource = (name: string, jurisdiction = 'default') => ({
  [`com.cloudflare.edge.r2.bucket.${account_id}_${jurisdiction}_${name}`]: '*',
})

type Resources = Record<string, string>
const policy = (group: keyof typeof GROUPS, resources: Resources = ACCOUNT, effect: 'allow' | 'deny' = 'allow') => ({
  effect,
  permission_groups: [{ id: GROUPS[group] }],
  resources,
})

const made: string[] = []
async function make(policies: ReturnType<typeof policy>[], more: { expires_on?: string; not_before?: string } = {}, maker = client) {
  const token = await maker.accounts.tokens.create({ account_id, name: 'test', policies, ...more })
  made.push(token.id!)
  return { id: token.id!, value: token.value! }
}
afterAll(async () => {
  for (const id of made) await client.accounts.tokens.delete(id, { account_id }).catch(() => {})
})

/** The S3 credentials of a token: its id, and the SHA-256 of its value. */
function s3Of({ id, value }: { id: string; value: string }): S3Client {
  const secretAccessKey = createHash('sha256').update(value).digest('hex')
  return s3Client({ credentials: { accessKeyId: id, secretAccessKey } })
}

const failed = (work: Promise<unknown>) => work.then(() => expect.fail('it succeeded')).catch((error) => error)

describe('a token', () => {
  test('is created with its value once, and shown without it ever after', async () => {
    const created = await client.accounts.tokens.create({ account_id, name: 'mine', policies: [policy('read')] })
    made.push(created.id!)
    expect(created).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'mine',
      status: 'active',
      issued_on: expect.any(String),
      modified_on: expect.any(String),
      policies: [
        {
          id: expect.any(String),
          effect: 'allow',
          permission_groups: [{ id: GROUPS.read, name: 'Workers R2 Storage Read' }],
          resources: ACCOUNT,
        },
      ],
      value: expect.stringMatching(/^[\w-]{40}$/),
    })
    const { value, ...shown } = created
    expect(await client.accounts.tokens.get(created.id!, { account_id })).toEqual(shown)
    expect(await rest('GET', `${TOKENS}/${created.id}`)).toMatchObject({ status: 200 })
    expect(await cloudflare({ token: value }).user.tokens.verify()).toEqual({ id: created.id, status: 'active' })
    expect(await cloudflare({ token: value }).accounts.tokens.verify({ account_id })).toEqual({ id: created.id, status: 'active' })
  })

  test('is an S3 access key: its id, and the SHA-256 of its value', async () => {
    const token = await make([policy('itemWrite', bucketResource(bucket.name))])
    const s3 = s3Of(token)
    await s3.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'k', Body: 'v' }))
    expect(await failed(s3.send(new PutObjectCommand({ Bucket: other.name, Key: 'k', Body: 'v' })))).toMatchObject({ name: 'AccessDenied' })
    expect(await failed(s3.send(new ListBucketsCommand({})))).toMatchObject({ name: 'AccessDenied' })
  })

  test('of a bucket in one jurisdiction is nothing to its namesake in another', async () => {
    const token = await make([policy('itemRead', bucketResource(bucket.name, 'eu'))])
    expect(await failed(s3Of(token).send(new GetObjectCommand({ Bucket: bucket.name, Key: 'k' })))).toMatchObject({ name: 'AccessDenied' })
  })

  test('holds on REST what it holds on S3', async () => {
    const { value: token } = await make([policy('itemRead', bucketResource(bucket.name))])
    await bucket.put('readable', 'text')
    const path = (name: string) => `/accounts/{account}/r2/buckets/${name}/objects`
    expect(await rest('GET', path(bucket.name), { token })).toMatchObject({ status: 200 })
    expect(await rest('GET', path(other.name), { token })).toMatchObject({
      status: 403,
      errors: [{ code: 10000, message: 'Authentication error' }],
    })
    expect(await rest('PUT', `${path(bucket.name)}/x`, { token, body: 'x' })).toMatchObject({ status: 403 })
    expect(await rest('GET', '/accounts/{account}/r2/buckets', { token })).toMatchObject({ status: 403 })
    expect(await rest('GET', TOKENS, { token })).toMatchObject({ status: 403 })
  })

  test('loses what a policy denies', async () => {
    const token = await make([policy('itemRead', ACCOUNT), policy('itemRead', bucketResource(other.name), 'deny')])
    await bucket.put('readable', 'text')
    await s3Of(token).send(new GetObjectCommand({ Bucket: bucket.name, Key: 'readable' }))
    expect(await failed(s3Of(token).send(new GetObjectCommand({ Bucket: other.name, Key: 'readable' })))).toMatchObject({
      name: 'AccessDenied',
    })
  })

  test('works from its first moment and until its last', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString()
    const early = await make([policy('read')], { not_before: soon })
    expect(await rest('GET', '/user/tokens/verify', { token: early.value })).toMatchObject({ status: 401, errors: [{ code: 1000 }] })
    const brief = await make([policy('read')], { expires_on: new Date(Date.now() + 1500).toISOString() })
    expect(await rest('GET', '/user/tokens/verify', { token: brief.value })).toMatchObject({ result: { status: 'active' } })
    await new Promise((resolve) => setTimeout(resolve, 1600))
    expect(await rest('GET', '/user/tokens/verify', { token: brief.value })).toMatchObject({ status: 401 })
    expect(await failed(s3Of(brief).send(new ListBucketsCommand({})))).toMatchObject({ name: 'Unauthorized' })
    const ids = async (query: string) =>
      (await rest<{ id: string }[]>('GET', `${TOKENS}?per_page=1000&${query}`)).result.map(({ id }) => id)
    expect(await ids('')).not.toContain(brief.id)
    expect(await ids('include_expired=true')).toContain(brief.id)
    expect(await rest('GET', `${TOKENS}/${brief.id}`)).toMatchObject({ result: { status: 'expired' } })
  })

  test('is rolled: another value, another secret', async () => {
    const token = await make([policy('read')])
    const value = await client.accounts.tokens.value.update(token.id, { account_id })
    expect(value).toMatch(/^[\w-]{40}$/)
    expect(value).not.toBe(token.value)
    expect(await rest('GET', '/user/tokens/verify', { token: token.value })).toMatchObject({ status: 401 })
    expect(await rest('GET', '/user/tokens/verify', { token: value })).toMatchObject({ status: 200 })
    expect(await failed(s3Of(token).send(new ListBucketsCommand({})))).toMatchObject({ name: 'SignatureDoesNotMatch' })
    await s3Of({ id: token.id, value }).send(new ListBucketsCommand({}))
  })

  test('is updated, and disabled', async () => {
    const token = await make([policy('read')])
    const updated = await client.accounts.tokens.update(token.id, {
      account_id,
      name: 'renamed',
      policies: [policy('itemRead')],
      status: 'disabled',
    })
    expect(updated).toMatchObject({ id: token.id, name: 'renamed', status: 'disabled' })
    expect(await rest('GET', '/user/tokens/verify', { token: token.value })).toMatchObject({ status: 401 })
  })

  test('is deleted, and works no longer', async () => {
    const token = await make([policy('read')])
    await s3Of(token).send(new ListBucketsCommand({}))
    expect(await client.accounts.tokens.delete(token.id, { account_id })).toEqual({ id: token.id })
    expect(await failed(s3Of(token).send(new ListBucketsCommand({})))).toMatchObject({ name: 'Unauthorized' })
    expect(await rest('DELETE', `${TOKENS}/${token.id}`)).toMatchObject({ status: 404, errors: [{ code: 1003 }] })
    expect(await rest('GET', `${TOKENS}/${token.id}`)).toMatchObject({ status: 404 })
  })
})

describe('tokens', () => {
  test('are listed page by page, until one is empty', async () => {
    for (let n = 0; n < 3; n++) await make([policy('read')])
    const listed = []
    for await (const token of client.accounts.tokens.list({ account_id, per_page: 2, direction: 'desc' })) listed.push(token.id)
    expect(listed.slice(0, 3)).toEqual(made.slice(-3).toReversed())
    expect(await rest('GET', `${TOKENS}?per_page=2`)).toMatchObject({
      result_info: { page: 1, per_page: 2, count: 2, total_count: listed.length },
    })
    const [mine] = await allOf(client.user.tokens.list({ per_page: 1, direction: 'desc' }))
    expect(mine?.id).toBe(made.at(-1))
  })

  test('of the user are those of the account', async () => {
    const created = await client.user.tokens.create({ name: 'mine', policies: [policy('read')] })
    made.push(created.id!)
    expect(await client.accounts.tokens.get(created.id!, { account_id })).toMatchObject({ name: 'mine' })
    expect(await client.user.tokens.update(created.id!, { name: 'ours', policies: [policy('read')] })).toMatchObject({ name: 'ours' })
    expect(await client.user.tokens.value.update(created.id!, {})).toMatch(/^[\w-]{40}$/)
    expect(await client.user.tokens.get(created.id!)).toMatchObject({ id: created.id })
    expect((await allOf(client.user.tokens.permissionGroups.list())).length).toBeGreaterThan(3)
    expect(await client.user.tokens.delete(created.id!)).toEqual({ id: created.id })
  })

  test('have permission groups, found by name and scope', async () => {
    const all = await allOf(client.accounts.tokens.permissionGroups.list({ account_id }))
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.values(GROUPS)))
    const found = await client.accounts.tokens.permissionGroups.get({ account_id, name: 'Workers R2 Storage Write' })
    expect(found).toMatchObject([{ id: GROUPS.write, scopes: ['com.cloudflare.api.account'] }])
    expect(await rest('GET', `${TOKENS}/permission_groups?scope=com.cloudflare.edge.r2.bucket`)).toMatchObject({ result: [{}, {}] })
  })

  test.each([
    ['no policies', { name: 'x', policies: [] }, 10040],
    ['a group that there is not', { name: 'x', policies: [{ ...policy('read'), permission_groups: [{ id: 'nope' }] }] }, 10029],
    [
      "another account's buckets",
      { name: 'x', policies: [policy('itemRead', { 'com.cloudflare.edge.r2.bucket.1234_default_b': '*' })] },
      10029,
    ],
    ['an account permission on a bucket', { name: 'x', policies: [policy('read', bucketResource('photos'))] }, 10029],
    ['an end in the past', { name: 'x', policies: [policy('read')], expires_on: '2020-01-01T00:00:00Z' }, 10029],
    ['addresses that are none', { name: 'x', policies: [policy('read')], condition: { request_ip: { in: ['192.0.2.256'] } } }, 10040],
    ['no address at all', { name: 'x', policies: [policy('read')], condition: { request_ip: { in: [] } } }, 10040],
    [
      'too many addresses',
      { name: 'x', policies: [policy('read')], condition: { request_ip: { not_in: Array(101).fill('192.0.2.0') } } },
      10040,
    ],
  ])('are not created with %s', async (_, body, code) => {
    expect(await rest('POST', TOKENS, { body })).toMatchObject({ status: 400, errors: [{ code }] })
  })
})

describe('no token grants more than it holds', () => {
  test('a maker of tokens passes on what it has, on what it has it', async () => {
    const maker = await make([policy('tokensWrite'), policy('itemRead', bucketResource(bucket.name))])
    const as = cloudflare({ token: maker.value })
    await make([policy('itemRead', bucketResource(bucket.name))], {}, as)
    for (const greedy of [
      policy('itemWrite', bucketResource(bucket.name)),
      policy('itemRead', bucketResource(other.name)),
      policy('itemRead'),
      policy('read'),
      policy('write'),
    ]) {
      expect(await failed(make([greedy], {}, as))).toMatchObject({ status: 403, errors: [{ code: 10003 }] })
    }
  })

  test('nor makes itself more, nor takes over a token that is', async () => {
    const strong = await make([policy('write')])
    const maker = await make([policy('tokensWrite')])
    const token = maker.value
    expect(await rest('PUT', `${TOKENS}/${maker.id}`, { token, body: { name: 'x', policies: [policy('write')] } })).toMatchObject({
      status: 403,
    })
    expect(await rest('PUT', `${TOKENS}/${strong.id}/value`, { token })).toMatchObject({ status: 403 })
    expect(await rest('PUT', `${TOKENS}/${strong.id}`, { token, body: { name: 'x', policies: [policy('tokensWrite')] } })).toMatchObject({
      status: 403,
    })
    expect(await rest('GET', '/user/tokens/verify', { token: strong.value })).toMatchObject({ status: 200 })
  })

  test('nor for longer than it lives', async () => {
    const expires_on = new Date(Date.now() + 600_000).toISOString()
    const as = cloudflare({ token: (await make([policy('tokensWrite')], { expires_on })).value })
    await make([policy('tokensWrite')], { expires_on }, as)
    expect(await failed(make([policy('tokensWrite')], {}, as))).toMatchObject({ status: 403 })
  })

  test('nor when it is denied something, which what it made would not be', async () => {
    const maker = await make([policy('tokensWrite'), policy('itemRead'), policy('itemRead', bucketResource(bucket.name), 'deny')])
    expect(await failed(make([policy('itemRead')], {}, cloudflare({ token: maker.value })))).toMatchObject({ status: 403 })
  })

  test('the root token itself cannot be touched', async () => {
    const { accessKeyId: root } = inject('server')
    expect(await rest('DELETE', `${TOKENS}/${root}`)).toMatchObject({ status: 404 })
    expect(await rest('PUT', `${TOKENS}/${root}/value`)).toMatchObject({ status: 404 })
  })
})
