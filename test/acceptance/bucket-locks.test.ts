import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { expectError } from './support/answers.ts'
import { signedFetch, uniqueName } from './support/clients.ts'
import { KIB, lentBucket, MIB, someBytes } from './support/objects.ts'
import { cloudflare, rest } from './support/rest.ts'
import { wranglerIn } from './support/wrangler.ts'

const bucket = lentBucket()
const client = cloudflare()
const account_id = inject('server').accountId
const BUCKET = `/accounts/{account}/r2/buckets/${bucket.name}`
const LOCK = `${BUCKET}/lock`
const REFUSAL = ['ObjectLockedByBucketPolicy', 'The object is locked by the bucket policy.'] as const
const V4_REFUSAL = { status: 409, success: false, errors: [{ code: 10069, message: REFUSAL[1] }] }

type Rule = { id: string; enabled?: boolean; prefix?: string; condition?: Record<string, unknown> }
const rule = ({ id, ...parts }: Rule) => ({ id, enabled: true, condition: { type: 'Indefinite' }, ...parts })
const setRules = async (...rules: Rule[]) => {
  expect(await rest('PUT', LOCK, { body: { rules: rules.map(rule) } })).toMatchObject({ status: 200, result: {} })
}
const expectLocked = async (response: Response | Promise<Response>) => expectError(await response, 409, ...REFUSAL)

afterEach(() => setRules())
afterAll(() => setRules())

describe('a locked object, over S3', () => {
  beforeAll(() => bucket.put('keep/a', 'kept'))
  const locked = () => setRules({ id: 'k', prefix: 'keep/' })

  test.each([
    ['inline', 1],
    ['in D1', 100 * KIB],
    ['in KV', MIB],
  ])('is not overwritten by PutObject, %s', async (_, size) => {
    await locked()
    await expectLocked(bucket.send('PUT', 'keep/a', { body: someBytes(size) }))
    expect(await (await bucket.get('keep/a')).text()).toBe('kept')
  })

  test('is refused before its conditions', async () => {
    await locked()
    for (const [name, value] of [
      ['if-none-match', '*'],
      ['if-match', '"0"'],
    ] as const) {
      await expectLocked(bucket.send('PUT', 'keep/a', { body: 'x', headers: { [name]: value } }))
    }
  })

  test('is not copied onto, but copied from', async () => {
    await locked()
    await bucket.put('free', 'x')
    for (const source of ['free', 'keep/a']) {
      await expectLocked(bucket.send('PUT', 'keep/a', { headers: { 'x-amz-copy-source': bucket.path(source) } }))
    }
    expect((await bucket.send('PUT', 'free', { headers: { 'x-amz-copy-source': bucket.path('keep/a') } })).status).toBe(200)
  })

  test('is not replaced by an upload, which can be completed later', async () => {
    const at = { Bucket: bucket.name, Key: 'keep/a' }
    await bucket.put('keep/a', 'kept')
    await locked()
    const { UploadId } = await bucket.s3.send(new CreateMultipartUploadCommand(at))
    const { ETag } = await bucket.s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: 'parts' }))
    const complete = new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } })
    await expect(bucket.s3.send(complete)).rejects.toMatchObject({ name: REFUSAL[0], $metadata: { httpStatusCode: 409 } })
    expect((await bucket.s3.send(new ListPartsCommand({ ...at, UploadId }))).Parts).toHaveLength(1)
    expect(await (await bucket.get('keep/a')).text()).toBe('kept')
    await setRules()
    await bucket.s3.send(complete)
    expect(await (await bucket.get('keep/a')).text()).toBe('parts')
  })

  test('is not deleted, alone or among others', async () => {
    await bucket.put('keep/a', 'kept')
    await bucket.put('free', 'x')
    await locked()
    await expectLocked(bucket.send('DELETE', 'keep/a'))
    expect((await bucket.send('DELETE', 'keep/missing')).status).toBe(204)
    const Objects = ['free', 'keep/a', 'keep/missing'].map((Key) => ({ Key }))
    const { Deleted, Errors } = await bucket.s3.send(new DeleteObjectsCommand({ Bucket: bucket.name, Delete: { Objects } }))
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['free', 'keep/missing'])
    expect(Errors).toEqual([{ Key: 'keep/a', Code: REFUSAL[0], Message: REFUSAL[1] }])
  })

  test('is the AWS SDK told by name', async () => {
    await bucket.put('keep/a', 'kept')
    await locked()
    await expect(bucket.s3.send(new PutObjectCommand({ Bucket: bucket.name, Key: 'keep/a', Body: 'x' }))).rejects.toMatchObject({
      name: REFUSAL[0],
      message: REFUSAL[1],
    })
  })

  test('that is new can be written, once', async () => {
    await locked()
    const key = `keep/${uniqueName('new')}`
    await bucket.put(key, 'first')
    await expectLocked(bucket.send('PUT', key, { body: 'second' }))
  })
})

describe('rules over REST', () => {
  const RULES = [
    { id: 'age', enabled: true, prefix: 'logs/', condition: { type: 'Age', maxAgeSeconds: 604_800 } },
    { id: 'date', enabled: false, condition: { type: 'Date', date: '2027-01-31T00:00:00.000Z' } },
    { id: 'good', enabled: true, prefix: '', condition: { type: 'Indefinite' } },
  ] as const

  test('are read and written by the SDK', async () => {
    expect(await client.r2.buckets.locks.get(bucket.name, { account_id })).toEqual({ rules: [] })
    expect(await client.r2.buckets.locks.update(bucket.name, { account_id, rules: [...RULES] })).toEqual({})
    expect(await client.r2.buckets.locks.get(bucket.name, { account_id })).toEqual({ rules: RULES })
    expect(await client.r2.buckets.locks.update(bucket.name, { account_id })).toEqual({})
    expect(await client.r2.buckets.locks.get(bucket.name, { account_id })).toEqual({ rules: [] })
  })

  test('keep what we do not know, and are cleared by DELETE', async () => {
    const rules = [{ ...RULES[0], note: 'of the owner', condition: { ...RULES[0].condition, rounded: true } }]
    await rest('PUT', LOCK, { body: { rules } })
    expect(await rest('GET', LOCK)).toMatchObject({ status: 200, result: { rules } })
    expect(await rest('DELETE', LOCK)).toMatchObject({ status: 200, result: {} })
    expect(await rest('GET', LOCK)).toMatchObject({ status: 200, result: { rules: [] } })
    expect(await rest('DELETE', LOCK)).toMatchObject({ status: 200 })
  })

  test.each<[string, unknown, said: string]>([
    ['an unknown condition', [{ ...RULES[0], condition: { type: 'Forever' } }], 'rules.0.condition.type'],
    ['no condition', [{ id: 'a', enabled: true }], 'rules.0.condition'],
    ['an age that is text', [{ ...RULES[0], condition: { type: 'Age', maxAgeSeconds: '1' } }], 'rules.0.condition.maxAgeSeconds'],
    ['the age of a lifecycle rule', [{ ...RULES[0], condition: { type: 'Age', maxAge: 1 } }], 'rules.0.condition.maxAgeSeconds'],
    ['no age at all', [{ ...RULES[0], condition: { type: 'Age', maxAgeSeconds: 0 } }], 'Lock rule "age": maxAgeSeconds'],
    ['a day that there is not', [{ ...RULES[1], condition: { type: 'Date', date: '2027-02-30' } }], 'Lock rule "date": date'],
    ['no switch', [{ id: 'a', condition: { type: 'Indefinite' } }], 'rules.0.enabled'],
    ['the same id twice', [RULES[0], RULES[0]], 'Lock rule "age": another rule has the same id.'],
    ['no list', { 0: RULES[0] }, 'rules'],
    ['1,001 rules', Array.from({ length: 1001 }, (_, n) => ({ ...RULES[0], id: `${n}` })), 'A bucket has 1000 lock rules at most.'],
    ['nested fields that nobody knows', [{ ...RULES[0], nested: [[]] }], 'rules.0.nested'],
  ])('are refused with %s, and the old ones stay', async (_, rules, said) => {
    await setRules({ id: 'old', prefix: 'none/' })
    const answer = await rest('PUT', LOCK, { body: { rules } })
    expect(answer).toMatchObject({ status: 400, success: false, errors: [{ code: 10040, message: expect.stringContaining(said) }] })
    expect(await rest('GET', LOCK)).toMatchObject({ result: { rules: [{ id: 'old' }] } })
  })

  test('of a bucket that there is not are 404', async () => {
    for (const method of ['GET', 'DELETE']) {
      expect(await rest(method, '/accounts/{account}/r2/buckets/nowhere/lock')).toMatchObject({ status: 404, errors: [{ code: 10006 }] })
    }
    expect(await rest('PUT', '/accounts/{account}/r2/buckets/nowhere/lock', { body: { rules: [] } })).toMatchObject({ status: 404 })
  })

  test('refuse objects over REST, one by one and in bulk', async () => {
    const OBJECT = `${BUCKET}/objects/keep%2Frest`
    await rest('PUT', OBJECT, { body: 'kept' })
    await bucket.put('free', 'x')
    await setRules({ id: 'k', prefix: 'keep/' })
    const put = await rest('PUT', OBJECT, { body: 'other' })
    expect(put).toMatchObject(V4_REFUSAL)
    expect(put.headers.get('x-should-retry')).toBe('false')
    expect(await rest('DELETE', OBJECT)).toMatchObject(V4_REFUSAL)
    expect(await rest('DELETE', `${BUCKET}/objects`, { body: ['free', 'keep/rest'] })).toMatchObject(V4_REFUSAL)
    expect((await bucket.head('free')).status).toBe(404)
    expect(await (await bucket.get('keep/rest')).text()).toBe('kept')
  })

  test('are in the audit log', async () => {
    await setRules({ id: 'logged', prefix: 'none/' })
    await setRules()
    const since = new Date(Date.now() - 600_000).toISOString()
    const before = new Date(Date.now() + 60_000).toISOString()
    const query = `since=${since}&before=${before}&resource_id=${bucket.name}`
    const { result } = await rest<{ action: { description: string }; resource: Record<string, unknown> }[]>(
      'GET',
      `/accounts/{account}/logs/audit?${query}`,
    )
    expect(result.slice(0, 2).map(({ action }) => action.description)).toEqual([
      'DeleteBucketLockConfiguration',
      'PutBucketLockConfiguration',
    ])
    expect(result[1]!.resource).toMatchObject({ request: [{ id: 'logged' }] })
  })
})

describe('wrangler', () => {
  let place: Awaited<ReturnType<typeof wranglerIn>>
  beforeAll(async () => {
    place = await wranglerIn()
  })
  afterAll(() => place.remove())

  /** Runs `r2 bucket lock ...` on our bucket. */
  const lock = async (verb: string, ...args: string[]) => {
    const ran = await place.run(['r2', 'bucket', 'lock', verb, bucket.name, ...args])
    if (ran.code !== 0) throw new Error(`lock ${verb}: ${ran.out}\n${ran.err}`)
    return ran.out
  }

  test('adds, lists, removes and sets rules, and says what they refuse', async () => {
    expect(await lock('list')).toContain(`There are no lock rules for bucket '${bucket.name}'.`)
    await lock('add', 'k1', 'wr/', '--retention-days', '7')
    await lock('add', 'k2', 'b/', '--retention-date', '2027-01-31')
    await lock('add', 'k3', 'c/', '--retention-indefinite')
    await lock('add', 'k4', 'd/', '--retention-days', '1.1')
    const listed = await lock('list')
    expect(listed).toMatch(/name: +k1\nenabled: +Yes\nprefix: +wr\/\ncondition: +after 7 days/)
    expect(listed).toMatch(/condition: +on 2027-01-31/)
    expect(listed).toMatch(/condition: +indefinitely/)

    await bucket.put('wr/x', 'kept')
    const refused = await place.run(['r2', 'object', 'delete', `${bucket.name}/wr/x`, '--remote', '-y'])
    expect(refused.code).toBe(1)
    expect(refused.out + refused.err).toContain('10069')
    expect((await signedFetch('HEAD', `/${bucket.name}/wr/x`)).status).toBe(200)

    expect(await lock('remove', '--name', 'k1')).toContain("Lock rule 'k1' removed")
    await place.run(['r2', 'object', 'delete', `${bucket.name}/wr/x`, '--remote', '-y'])
    expect((await signedFetch('HEAD', `/${bucket.name}/wr/x`)).status).toBe(404)
    await writeFile(join(place.folder, 'lk.json'), JSON.stringify({ rules: [rule({ id: 'set', prefix: 'e/' })] }))
    expect(await lock('set', '--file', 'lk.json', '-y')).toContain('Set lock configuration')
    expect(await rest('GET', LOCK)).toMatchObject({ result: { rules: [{ id: 'set', prefix: 'e/' }] } })
  })
})
