import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type AdminCall, adminClient, allBuckets, connection } from '../../src/cli/admin-client.ts'
import { ensureDevVars } from '../../src/cli/dev-vars.ts'
import { JURISDICTIONS } from '../../src/core/object.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A server that gives these answers in turn; the last one for good. */
async function serve(...answers: [status: number, body: string][]) {
  const requests: { url?: string; authorization?: string }[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    requests.push({ url: request.url, authorization: request.headers.authorization })
    const [status, body] = answers[Math.min(requests.length, answers.length) - 1]!
    request.resume().on('end', () => response.writeHead(status).end(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  return { requests, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const waits: number[] = []
const client = (endpoint: string) => adminClient({ endpoint, token: 'secret' }, async (ms) => waits.push(ms))

test('the token goes with every call, and the answer is JSON', async () => {
  const { endpoint, requests } = await serve([200, '{"ok":1}'])
  expect(await client(endpoint)('fsck', { bucket: 'photos' })).toEqual({ ok: 1 })
  expect(requests).toEqual([{ url: '/_cairn/fsck', authorization: 'Bearer secret' }])
})

test('a server that asks to come back is asked again, for a while', async () => {
  const busy = await serve([503, 'later'], [429, 'later'], [200, '{}'])
  expect(await client(busy.endpoint)('fsck', {})).toEqual({})
  const dead = await serve([503, 'not configured'])
  await expect(client(dead.endpoint)('fsck', {})).rejects.toThrow('fsck: not configured (HTTP 503)')
  expect(dead.requests).toHaveLength(4)
})

test('a refusal is told in its own words, at once', async () => {
  const { endpoint, requests } = await serve([404, '{"error":{"code":"NoSuchBucket","message":"There is none."}}'])
  await expect(client(endpoint)('fsck', {})).rejects.toThrow('fsck: There is none. (NoSuchBucket)')
  expect(requests).toHaveLength(1)
})

test('without an endpoint it is the local server with its own token', () => {
  const folder = temporaryFolder()
  const env = { PERSIST_TO: folder, DEV_VARS: join(folder, 'vars'), CLOUDFLARE_API_TOKEN: 'of another Cairn' }
  expect(connection(undefined, env)).toEqual({ endpoint: 'http://127.0.0.1:8787', token: ensureDevVars(env.DEV_VARS).ROOT_TOKEN })
})

test('with an endpoint the token comes from the environment', () => {
  const env = { CLOUDFLARE_API_TOKEN: 'secret' }
  expect(connection('https://cairn.example/', env)).toEqual({ endpoint: 'https://cairn.example', token: 'secret' })
  expect(connection('http://localhost:8787', env)).toEqual({ endpoint: 'http://localhost:8787', token: 'secret' })
  expect(() => connection('https://cairn.example', {})).toThrow('CLOUDFLARE_API_TOKEN')
})

test('a token does not travel in the open', () => {
  expect(() => connection('http://cairn.example', { CLOUDFLARE_API_TOKEN: 'secret' })).toThrow('not https')
})

test('every jurisdiction is asked for its buckets', async () => {
  const asked: unknown[] = []
  const call = async (_: string, { jurisdiction }: { jurisdiction?: string }) => {
    asked.push(jurisdiction)
    return { report: [`in-${jurisdiction}`] }
  }
  const found: string[] = []
  for await (const { bucket } of allBuckets(call as AdminCall)) found.push(bucket)
  expect(found).toEqual(JURISDICTIONS.map((name) => `in-${name}`))
  expect(asked).toEqual([...JURISDICTIONS])
})
