import { describe, expect, test } from 'vitest'
import { createToken } from '../../../src/control/tokens.ts'
import { handle } from '../../../src/gateway.ts'
import { env, secrets } from '../../support/bucket.ts'

const MIB = 1024 * 1024

function call(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${secrets.rootToken}`, ...(init.headers as Record<string, string>) }
  return handle(new Request(`https://cairn.example${path}`, { method, ...init, headers }), env)
}

const OBJECT = `/client/v4/accounts/${secrets.accountId}/r2/buckets/photos/objects/cat.jpg`

describe('the REST face', () => {
  test.each([
    [300 * MIB, 404, 10006],
    [300 * MIB + 1, 400, 100100],
  ])('takes uploads of 300 MiB, not of a byte more: %i', async (bytes, status, code) => {
    const response = await call('PUT', OBJECT, { body: 'x', headers: { 'content-length': String(bytes) } })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ errors: [{ code }] })
  })

  test('answers a bug with an internal error that says nothing of it', async () => {
    const broken = { ...env, CONTROL: null as never }
    const headers = { authorization: 'Bearer unknown-token' }
    const response = await handle(new Request(`https://cairn.example${OBJECT}`, { headers }), broken)
    expect(response.status).toBe(500)
    const message = 'We encountered an internal error. Please try again.'
    expect(await response.json()).toEqual({ success: false, errors: [{ code: 10001, message }], messages: [], result: null })
  })

  test('gives item tokens the objects of their buckets, but not in strict mode', async () => {
    const value = 'item-token-item-token-item-token-item-token'
    await createToken(env.CONTROL, secrets, { id: 'e'.repeat(32), value, name: 'items', policies: [{ level: 'object-read' }] }, Date.now())
    const request = () => new Request(`https://cairn.example${OBJECT}`, { headers: { authorization: `Bearer ${value}` } })
    expect((await handle(request(), env)).status).toBe(404)
    expect(await (await handle(request(), { ...env, R2_STRICT: 'true' })).json()).toMatchObject({ errors: [{ code: 10000 }] })
  })

  test('takes no JSON over a megabyte', async () => {
    const path = `/client/v4/accounts/${secrets.accountId}/r2/buckets`
    const response = await call('POST', path, { body: JSON.stringify({ name: 'x'.repeat(MIB) }) })
    expect(await response.json()).toMatchObject({ errors: [{ code: 10040, message: 'The JSON you provided is too long.' }] })
  })

  test.each(['/client/v4', '/client/v4/', '/client/v4/x'])('answers for %s in its envelope', async (path) => {
    expect(await (await call('GET', path)).json()).toMatchObject({ success: false, errors: [{ code: 7003 }] })
  })

  test.each(['/client/v4x', '/client/v3/user', '/client'])('does not answer for %s', async (path) => {
    expect((await call('GET', path)).headers.get('content-type')).toBe('application/xml')
  })
})
