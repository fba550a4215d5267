import { afterEach, expect, test, vi } from 'vitest'
import type { Env } from '../../../../src/env.ts'
import { handle } from '../../../../src/gateway.ts'
import { env, secrets } from '../../../support/bucket.ts'

afterEach(() => void vi.restoreAllMocks())

const mint = (bindings: Env, bucket = 'photos') =>
  handle(
    new Request(`http://localhost/client/v4/accounts/${secrets.accountId}/r2/temp-access-credentials`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secrets.rootToken}` },
      body: JSON.stringify({ bucket, parentAccessKeyId: secrets.rootTokenId, permission: 'object-read-only', ttlSeconds: 60 }),
    }),
    bindings,
  )
const entries = async () =>
  (await env.CONTROL.prepare("SELECT count(*) AS n FROM audit WHERE action = 'CreateTemporaryCredentials'").first<{ n: number }>())!.n

test('the platform counts the credentials that a token makes; above the limit none are made, and the log has no entry', async () => {
  const limited = { ...env, MINT_RATE_LIMIT: (env as unknown as { LOW_RATE_LIMIT: RateLimit }).LOW_RATE_LIMIT }
  const statuses = []
  for (let n = 0; n < 4; n++) statuses.push((await mint(limited)).status)
  expect(statuses).toEqual([200, 200, 429, 429])
  expect(await entries()).toBe(2)
  const refused = await mint(limited)
  expect(await refused.json()).toMatchObject({ errors: [{ code: 10058, message: expect.stringContaining('temporary credentials') }] })
})

test('a limiter that fails refuses nobody, and the count is that of the token', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const keys: string[] = []
  const failing = {
    limit: async ({ key }: { key: string }) => Promise.reject(new Error(keys.push(key).toString())),
  } as unknown as RateLimit
  expect((await mint({ ...env, MINT_RATE_LIMIT: failing })).status).toBe(200)
  expect(keys).toEqual([secrets.rootTokenId])
})
