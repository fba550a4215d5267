import { expect, test } from 'vitest'
import type { Answered } from '../../src/analytics/operation-counter.ts'
import { bindingEntrypoint } from '../../src/faces/binding/entrypoint.ts'
import { dispatchPublic } from '../../src/faces/public/dispatch.ts'
import { deploymentOf } from '../../src/gateway.ts'
import { env, TestBucket } from '../support/bucket.ts'
import { PublicBucket } from '../support/public-bucket.ts'

// The faces that the acceptance tests of GraphQL do not count: public buckets, and the binding for other Workers.

const deployment = () => {
  const made = deploymentOf(env)
  if (!made.ok) throw new Error(made.reason)
  return made
}

/** An operation as a line: action, status, size of the object, bytes that were sent. */
const line = ({ op, bucket, status, measure }: Answered): string =>
  `${op} ${bucket?.name} ${status} ${measure?.objectBytes} ${measure?.responseBytes}`

test('a visitor of a custom domain counts when the bucket is asked, and not when the cache answers', async () => {
  const site = await PublicBucket.create()
  await site.bucket.put('a.txt', new TextEncoder().encode('hello'))
  const [counted, pending]: [Answered[], Promise<unknown>[]] = [[], []]
  const ports = {
    ...deployment().ports,
    analytics: { count: (one: Answered) => void counted.push(one) },
    waitUntil: (work: Promise<unknown>) => void pending.push(work),
  }
  const visit = async (method: string, key: string) => {
    const request = new Request(`${site.custom}/${key}`, { method })
    const response = await dispatchPublic(request, { host: site.domain, encodedKey: key, onOwnHost: false }, ports)
    await response.arrayBuffer()
    await Promise.all(pending.splice(0))
    return response.headers.get('cf-cache-status')
  }
  const name = site.bucket.ref.name
  await visit('HEAD', 'a.txt')
  await visit('GET', 'missing')
  await visit('POST', 'a.txt')
  expect(counted.map(line)).toEqual([`HeadObject ${name} 200 5 0`, `GetObject ${name} 404 0 0`])
  counted.length = 0
  const statuses = [await visit('GET', 'a.txt'), await visit('GET', 'a.txt'), await visit('GET', 'a.txt')]
  expect(counted).toHaveLength(statuses.filter((status) => status !== 'HIT').length)
  expect(counted.map(line)).toContain(`GetObject ${name} 200 5 5`)
})

test('a call of the binding counts under the name of R2', async () => {
  const bucket = await TestBucket.create()
  await bucket.put('a', 100)
  const counted: Answered[] = []
  const Entrypoint = bindingEntrypoint(() => ({
    ok: true,
    ports: { ...deployment().ports, analytics: { count: (one: Answered) => void counted.push(one) } },
  }))
  const props = { bucket: bucket.ref.name, permission: 'read' }
  const binding = new Entrypoint({ props, waitUntil: () => {}, passThroughOnException: () => {} } as never, env)
  await binding.get('a', {})
  await binding.head('a')
  await binding.head('missing')
  await binding.list({})
  await binding.delete(['a'])
  const { name } = bucket.ref
  expect(counted.map(line)).toEqual([
    `GetObject ${name} 200 100 100`,
    `HeadObject ${name} 200 100 0`,
    `HeadObject ${name} 404 0 0`,
    `ListObjects ${name} 200 0 0`,
    `DeleteObjects ${name} 403 0 0`,
  ])
})
