import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { signedFetch, uniqueName } from './support/clients.ts'
import { cloudflare, rest } from './support/rest.ts'
import { wranglerIn } from './support/wrangler.ts'

// Rules as wrangler and the SDK manage them, with the queue that wrangler.jsonc declares.

const bucket = uniqueName('events')
const CONFIGURATION = `/accounts/{account}/event_notifications/r2/${bucket}/configuration`
let place: Awaited<ReturnType<typeof wranglerIn>>

beforeAll(async () => {
  place = await wranglerIn()
  await signedFetch('PUT', `/${bucket}`)
})
afterAll(() => place.remove())

async function wrangler(command: string): Promise<string> {
  const ran = await place.run(command.split(' '))
  expect(ran.code, ran.out + ran.err).toBe(0)
  return ran.out
}

async function refused(command: string): Promise<string> {
  const ran = await place.run(command.split(' '))
  expect(ran.code, ran.out).toBe(1)
  return ran.out + ran.err
}

describe('wrangler queues', () => {
  test('list and info', async () => {
    expect(await wrangler('queues list')).toContain('cairn-events')
    const info = await wrangler('queues info cairn-events')
    expect(info).toContain('Queue Name: cairn-events')
    expect(info).toMatch(/Queue ID: [0-9a-f]{32}/)
    expect(info).toContain('Producers: worker:cairn')
    expect(await refused('queues info nope-q')).toContain('Queue "nope-q" does not exist.')
  })

  test('create says how a queue is declared', async () => {
    expect(await refused('queues create conf-q')).toContain('wrangler.jsonc')
  })
})

describe('wrangler r2 bucket notification', () => {
  const create = `r2 bucket notification create ${bucket} --event-types object-create object-delete --queue cairn-events --prefix img/ --suffix .png`

  test('create, list, get, delete', async () => {
    const unknown = `r2 bucket notification create ${bucket} --event-type object-create --queue nope-q`
    expect(await refused(unknown)).toContain('Queue "nope-q" does not exist.')
    expect(await wrangler(`r2 bucket notification list ${bucket}`)).not.toContain('rule_id')
    expect(await wrangler(`${create} --description d`)).toContain('Event notification rule created successfully!')
    const listed = await wrangler(`r2 bucket notification list ${bucket}`)
    expect(listed).toMatch(/event_type: +PutObject,CopyObject,CompleteMultipartUpload,DeleteObject,LifecycleDeletion/)
    expect(listed).toMatch(/queue_name: +cairn-events/)
    expect(listed).toMatch(/prefix: +img\/\n/)
    expect(await wrangler(`r2 bucket notification get ${bucket}`)).toContain('rule_id')
    expect(await refused(create)).toContain('[code: 11020]')
    expect(await refused(`r2 bucket delete ${bucket}`)).toContain('[code: 10008]')
    const remove = `r2 bucket notification delete ${bucket} --queue cairn-events`
    expect(await refused(`${remove} --rule none`)).toContain('[code: 11011]')
    const ruleId = /rule_id: +(\S+)/.exec(listed)![1]
    expect(await wrangler(`${remove} --rule ${ruleId}`)).toContain('Event notification rule deleted successfully!')
    expect(await refused(remove)).toContain('[code: 11015]')
    await wrangler(create)
    expect(await wrangler(remove)).toContain('Event notification rule deleted successfully!')
    expect((await rest('GET', CONFIGURATION)).result).toEqual({ bucketName: bucket, queues: [] })
  })

  test('knows jurisdictions', async () => {
    expect(await refused(`r2 bucket notification list ${bucket} -J eu`)).toContain('[code: 10006]')
  })
})

describe('the SDK', () => {
  test('lists, adds, gets and deletes', async () => {
    const client = cloudflare()
    const at = { account_id: inject('server').accountId, bucket_name: bucket }
    const { eventNotifications } = client.r2.buckets
    const { result } = await client.queues.list({ account_id: at.account_id })
    const [queue] = result
    expect(await client.queues.get(queue!.queue_id!, { account_id: at.account_id })).toMatchObject({ queue_name: 'cairn-events' })
    await eventNotifications.update(queue!.queue_id!, { ...at, rules: [{ actions: ['PutObject'], prefix: 'a' }] })
    await eventNotifications.update(queue!.queue_id!, { ...at, rules: [{ actions: ['CopyObject'], prefix: 'a' }] })
    const got = await eventNotifications.get(queue!.queue_id!, at)
    expect(got.rules?.map(({ actions }) => actions)).toEqual([['PutObject'], ['CopyObject']])
    expect(await eventNotifications.list(bucket, { account_id: at.account_id })).toEqual({ bucketName: bucket, queues: [got] })
    const unknown = eventNotifications.update('f'.repeat(32), { ...at, rules: [{ actions: ['DeleteObject'] }] })
    await expect(unknown).rejects.toMatchObject({ status: 404, errors: [{ code: 11000 }] })
    const overlapping = eventNotifications.update(queue!.queue_id!, { ...at, rules: [{ actions: ['PutObject'] }] })
    await expect(overlapping).rejects.toMatchObject({ status: 409, errors: [{ code: 11020 }] })
    expect(await eventNotifications.delete(queue!.queue_id!, at)).toEqual({})
    await expect(eventNotifications.get(queue!.queue_id!, at)).rejects.toMatchObject({ status: 404 })
  })
})

test('the rules, and the answers about them, are as the OpenAPI document says', async () => {
  const queues = await rest<{ queue_id: string }[]>('GET', '/accounts/{account}/queues?page=1&name=cairn-events')
  const [{ queue_id }] = queues.result as [{ queue_id: string }]
  await rest('GET', `/accounts/{account}/queues/${queue_id}`)
  const path = `${CONFIGURATION}/queues/${queue_id}`
  expect(await rest('PUT', path, { body: { rules: [{ actions: ['DeleteObject'], description: 'd' }] } })).toMatchObject({ status: 200 })
  expect((await rest('GET', path)).result).toMatchObject({ rules: [{ description: 'd' }] })
  expect(await rest('GET', CONFIGURATION)).toMatchObject({ status: 200 })
  expect(await rest('DELETE', path)).toMatchObject({ status: 200, result: {} })
  expect(await rest('POST', '/accounts/{account}/queues', { body: { queue_name: 'x' } })).toMatchObject({ status: 501 })
})

test('the S3 side shows the rules, and an empty PUT is refused', async () => {
  expect((await signedFetch('GET', `/${bucket}?notification`)).status).toBe(200)
  expect((await signedFetch('PUT', `/${bucket}?notification`)).status).toBe(400)
})
