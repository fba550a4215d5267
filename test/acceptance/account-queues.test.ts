import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { signedFetch } from './support/clients.ts'
import { ACCOUNT_ID, QueuesApi, TOKEN } from './support/queues-api.ts'
import { rest, restFetch } from './support/rest.ts'
import { type Server, startServer, temporaryFolder } from './support/server.ts'
import { wranglerIn } from './support/wrangler.ts'

// A deployment that has a token for the queues of a Cloudflare account, and a server in place of Cloudflare.

let api: QueuesApi
let folder: string
let server: Server
let place: Awaited<ReturnType<typeof wranglerIn>>

beforeAll(async () => {
  api = await QueuesApi.start()
  folder = await temporaryFolder()
  server = await start()
  place = await wranglerIn(server)
  await signedFetch('PUT', '/photos', { server })
})
afterAll(async () => {
  await place.remove()
  await server.stop()
  await api.stop()
  await rm(folder, { recursive: true, force: true })
})

const start = () =>
  startServer({ folder, vars: { QUEUES_API_TOKEN: TOKEN, QUEUES_ACCOUNT_ID: ACCOUNT_ID, QUEUES_API_BASE_URL: api.baseUrl } })

async function wrangler(command: string): Promise<string> {
  const ran = await place.run(command.split(' '))
  expect(ran.code, ran.out + ran.err).toBe(0)
  return ran.out
}

test('wrangler makes, lists, changes and deletes queues of the account, and Cairn sends to them', async () => {
  expect(await wrangler('queues create conf-q')).toContain("Created queue 'conf-q'")
  const listed = await wrangler('queues list')
  expect(listed).toContain('conf-q')
  expect(listed).toContain('cairn-events')
  const { queue_id } = api.queues[0]!
  expect(await wrangler('queues info conf-q')).toContain(`Queue ID: ${queue_id}`)
  await wrangler('queues pause-delivery conf-q')
  expect(api.queues[0]!.settings).toMatchObject({ delivery_paused: true })

  await wrangler('r2 bucket notification create photos --event-types object-create object-delete --queue conf-q')
  api.refusals = 2
  await signedFetch('PUT', '/photos/a', { server, body: 'hello' })
  await signedFetch('DELETE', '/photos/a', { server })
  // Refused twice: a second, and two, later.
  await vi.waitFor(() => expect(api.received.flat()).toHaveLength(2), { timeout: 30_000, interval: 100 })
  expect(api.received.flat()).toMatchObject([
    { account: server.accountId, action: 'PutObject', bucket: 'photos', object: { key: 'a', size: 5 } },
    { action: 'DeleteObject', object: { key: 'a' } },
  ])

  await wrangler('r2 bucket notification delete photos --queue conf-q')
  await wrangler('queues delete conf-q')
  expect(api.queues).toEqual([])
  expect(await rest('GET', `/accounts/{account}/queues/${queue_id}`, { server })).toMatchObject({ status: 404, errors: [{ code: 11000 }] })
})

test('messages that wait when the server is killed are sent when it is back, without a request', async () => {
  api.received.length = 0
  const made = await restFetch('POST', '/accounts/{account}/queues', { server, body: { queue_name: 'later' } })
  const { result } = (await made.json()) as { result: { queue_id: string } }
  const path = `/accounts/{account}/event_notifications/r2/photos/configuration/queues/${result.queue_id}`
  await rest('PUT', path, { server, body: { rules: [{ actions: ['PutObject'] }] } })
  api.refusals = Number.POSITIVE_INFINITY
  for (const key of ['b', 'c']) await signedFetch('PUT', `/photos/${key}`, { server, body: key })
  await server.kill()
  api.refusals = 0
  server = await start()
  await vi.waitFor(() => expect(api.received.flat()).toHaveLength(2), { timeout: 60_000, interval: 100 })
  expect(api.received.flat()).toMatchObject([{ object: { key: 'b' } }, { object: { key: 'c' } }])
}, 120_000)
