import { env } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import manifest from '../package.json'
import { VERSION } from '../src/core/version.ts'
import { handle } from '../src/gateway.ts'
import { health } from '../src/health.ts'

const ask = (method: string) => new Request('http://localhost/_health', { method })

describe('/_health', () => {
  test('is ready with the version, without credentials', async () => {
    const response = await handle(ask('GET'), env as never)
    expect([response.status, response.headers.get('cache-control'), await response.json()]).toEqual([
      200,
      'no-store',
      { ready: true, version: VERSION },
    ])
  })

  test('has no body for HEAD, and takes no other method', async () => {
    const response = await handle(ask('HEAD'), env as never)
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect((await handle(ask('POST'), env as never)).status).toBe(405)
  })

  test('is 503 while the databases are refused, and keeps the reason from strangers', async () => {
    const response = await health(ask('GET'), { ready: () => Promise.reject(new Error('belongs to the deployment 0123')) })
    expect([response.status, response.headers.get('retry-after'), await response.json()]).toEqual([
      503,
      '10',
      { ready: false, version: VERSION },
    ])
  })
})

test('the version is that of package.json', () => expect(VERSION).toBe(manifest.version))
