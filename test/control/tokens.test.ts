import { describe, expect, test, vi } from 'vitest'
import { newTokenId, newTokenValue } from '../../src/control/own-tokens.ts'
import { createToken, secretAccessKeyOf, TOKEN_CACHE_MS, TOKEN_OUTAGE_MS, TokenFinder } from '../../src/control/tokens.ts'
import { StoreError } from '../../src/core/errors.ts'
import type { Asker } from '../../src/core/known-names.ts'
import { Keyring } from '../../src/segments/keyring.ts'
import { env, secrets } from '../support/bucket.ts'

const NOW = Date.UTC(2026, 5, 12)
let tokens = 0
const newId = () => (++tokens).toString(16).padStart(32, '0')

async function addToken(more: Partial<Parameters<typeof createToken>[2]> = {}) {
  const token = { id: newId(), value: `value-${tokens}`, name: 'test', policies: [{ level: 'object-read' as const }], ...more }
  await createToken(env.CONTROL, secrets, token, NOW)
  return token
}

/** A control database that counts what is asked of it. */
function countingControl() {
  const prepare = vi.fn((query: string) => env.CONTROL.prepare(query))
  return { db: { prepare } as unknown as D1Database, queries: () => prepare.mock.calls.length }
}

describe('a stored token', () => {
  test('is found by its id, with its secret, its policies and its times', async () => {
    const policies = [{ level: 'object-read-write' as const, buckets: [{ jurisdiction: 'eu' as const, name: 'photos' }] }]
    const { id, value, name } = await addToken({ policies, notBeforeMs: NOW, expiresMs: NOW + 5 })
    expect(await new TokenFinder(secrets).find(env.CONTROL, id, NOW)).toEqual({
      secretAccessKey: secretAccessKeyOf(value),
      token: { id, name, policies, notBeforeMs: NOW, expiresMs: NOW + 5 },
    })
  })

  test('does not hold its value or its secret at rest', async () => {
    const { id, value } = await addToken()
    const row = JSON.stringify(await env.CONTROL.prepare('SELECT * FROM tokens WHERE id = ?').bind(id).first())
    expect(row).toContain(id)
    const secret = secretAccessKeyOf(value)
    for (const form of [value, secret, btoa(value), btoa(secret), Uint8Array.fromHex(secret).toBase64()]) expect(row).not.toContain(form)
  })

  test('does not open in the row of another token', async () => {
    const [mine, theirs] = [await addToken(), await addToken()]
    const sealed = await env.CONTROL.prepare('SELECT sealed_secret FROM tokens WHERE id = ?').bind(mine.id).first('sealed_secret')
    await env.CONTROL.prepare('UPDATE tokens SET sealed_secret = ? WHERE id = ?').bind(sealed, theirs.id).run()
    expect(await new TokenFinder(secrets).find(env.CONTROL, theirs.id, NOW)).toBe(null)
  })

  test('does not open with another master key', async () => {
    const { id } = await addToken()
    const others = { ...secrets, keyring: new Keyring(new Uint8Array(32).fill(9).toBase64()) }
    expect(await new TokenFinder(others).find(env.CONTROL, id, NOW)).toBe(null)
  })

  test('is one for each id', async () => {
    const { id } = await addToken()
    await expect(addToken({ id })).rejects.toThrow()
  })
})

describe('the finder', () => {
  test('knows the root token without asking', async () => {
    const { db, queries } = countingControl()
    const root = await new TokenFinder(secrets).find(db, secrets.rootTokenId, NOW)
    expect(root).toMatchObject({
      secretAccessKey: secretAccessKeyOf(secrets.rootToken),
      token: { policies: [{ level: 'admin-read-write' }] },
    })
    expect(queries()).toBe(0)
  })

  test('trusts what it read for half a minute, so that a revoked token works for that long at most', async () => {
    const { id } = await addToken()
    const { db, queries } = countingControl()
    const finder = new TokenFinder(secrets)
    expect(await finder.find(db, id, NOW)).not.toBeNull()
    await env.CONTROL.prepare('DELETE FROM tokens WHERE id = ?').bind(id).run()
    expect(TOKEN_CACHE_MS).toBe(30_000)
    expect(await finder.find(db, id, NOW + TOKEN_CACHE_MS - 1)).not.toBeNull()
    expect(queries()).toBe(1)
    expect(await finder.find(db, id, NOW + TOKEN_CACHE_MS)).toBeNull()
    expect(queries()).toBe(2)
  })

  test('remembers that there is no such token for as long', async () => {
    const { db, queries } = countingControl()
    const finder = new TokenFinder(secrets)
    const id = newId()
    expect(await finder.find(db, id, NOW)).toBeNull()
    await addToken({ id })
    expect(await finder.find(db, id, NOW + 1)).toBeNull()
    expect(queries()).toBe(1)
    expect(await finder.find(db, id, NOW + TOKEN_CACHE_MS)).not.toBeNull()
  })

  test('remembers ids that nobody has within bounds, the latest ones', async () => {
    const none = { bind: () => ({ first: async () => null }) }
    const prepare = vi.fn(() => none)
    const db = { prepare } as unknown as D1Database
    const finder = new TokenFinder(secrets)
    const ids = Array.from({ length: 3000 }, (_, i) => i.toString(16).padStart(32, '0'))
    for (const id of ids) await finder.find(db, id, NOW)
    expect(prepare).toHaveBeenCalledTimes(3000)
    for (const id of ids.slice(-1000)) await finder.find(db, id, NOW)
    expect(prepare).toHaveBeenCalledTimes(3000)
    await finder.find(db, ids[0]!, NOW)
    expect(prepare).toHaveBeenCalledTimes(3001)
  })

  test('asks for nothing that cannot be an id or a value', async () => {
    const { db, queries } = countingControl()
    const finder = new TokenFinder(secrets)
    for (const id of ['', 'x'.repeat(32), 'A'.repeat(32), `${'a'.repeat(31)}\n`, 'a'.repeat(33), 'a'.repeat(100_000), "' OR 1=1"]) {
      expect(await finder.find(db, id, NOW)).toBe(null)
    }
    expect(await finder.findByValue(db, 'x'.repeat(513), NOW)).toBe(null)
    expect(queries()).toBe(0)
  })

  test('forgets the token that this isolate changed, and no other', async () => {
    const [mine, theirs] = [await addToken(), await addToken()]
    const { db, queries } = countingControl()
    const finder = new TokenFinder(secrets)
    for (const { id, value } of [mine, theirs]) {
      await finder.find(db, id, NOW)
      await finder.findByValue(db, value, NOW)
    }
    finder.forget(mine.id)
    await finder.find(db, theirs.id, NOW)
    await finder.findByValue(db, theirs.value, NOW)
    expect(queries()).toBe(4)
    await finder.find(db, mine.id, NOW)
    await finder.findByValue(db, mine.value, NOW)
    expect(queries()).toBe(6)
  })

  test('does not remember a failure', async () => {
    const { id } = await addToken()
    const finder = new TokenFinder(secrets)
    const down = { prepare: () => env.CONTROL.prepare('SELECT * FROM missing WHERE id = ?') } as unknown as D1Database
    await expect(finder.find(down, id, NOW)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    expect(await finder.find(env.CONTROL, id, NOW)).not.toBeNull()
  })
})

describe('while CONTROL does not answer', () => {
  const down = { prepare: () => ({ bind: () => ({ first: () => Promise.reject(new Error('D1 is down')) }) }) } as unknown as D1Database

  test('known tokens go on for minutes, unknown ones are told to come back', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { id, value } = await addToken()
    const finder = new TokenFinder(secrets)
    await finder.find(env.CONTROL, id, NOW)
    await finder.findByValue(env.CONTROL, value, NOW)
    const end = NOW + TOKEN_CACHE_MS + TOKEN_OUTAGE_MS
    for (const nowMs of [NOW + TOKEN_CACHE_MS, NOW + 5 * 60_000, end - 1]) {
      expect(await finder.find(down, id, nowMs)).not.toBeNull()
      expect(await finder.findByValue(down, value, nowMs)).not.toBeNull()
    }
    const unavailable = expect.objectContaining({ code: 'ServiceUnavailable' })
    await expect(finder.find(down, id, end)).rejects.toEqual(unavailable)
    await expect(finder.find(down, newId(), NOW)).rejects.toEqual(unavailable)
    await expect(finder.findByValue(down, 'unknown', NOW)).rejects.toEqual(unavailable)
    expect(JSON.stringify(log.mock.calls)).not.toContain(secretAccessKeyOf(value))
    log.mockRestore()
  })

  test('a token that this isolate revoked does not go on', async () => {
    const { id } = await addToken()
    const finder = new TokenFinder(secrets)
    await finder.find(env.CONTROL, id, NOW)
    finder.forget(id)
    await expect(finder.find(down, id, NOW)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
  })

  test('the root token goes on', async () => {
    const finder = new TokenFinder(secrets)
    expect(await finder.find(down, secrets.rootTokenId, NOW)).not.toBeNull()
    expect(await finder.findByValue(down, secrets.rootToken, NOW)).not.toBeNull()
  })
})

describe('a stranger who asked too often', () => {
  const refused: Asker = {
    admit: () => {
      throw new StoreError('TooManyRequests')
    },
    found: () => {},
    miss: async () => {},
  }

  test('is refused unknown ids and values, and gets those that are known or that we made', async () => {
    const old = await addToken()
    const made = await addToken({ id: newTokenId(secrets.keyring), value: newTokenValue(secrets.keyring) })
    const finder = new TokenFinder(secrets)
    const tooMany = expect.objectContaining({ code: 'TooManyRequests' })
    for (const id of [old.id, 'e'.repeat(32)]) await expect(finder.find(env.CONTROL, id, NOW, refused)).rejects.toEqual(tooMany)
    for (const value of [old.value, 'e'.repeat(40)]) {
      await expect(finder.findByValue(env.CONTROL, value, NOW, refused)).rejects.toEqual(tooMany)
    }
    expect(await finder.find(env.CONTROL, made.id, NOW, refused)).not.toBeNull()
    expect(await finder.findByValue(env.CONTROL, made.value, NOW, refused)).not.toBeNull()
    await finder.find(env.CONTROL, old.id, NOW)
    expect(await finder.find(env.CONTROL, old.id, NOW + 2 * TOKEN_CACHE_MS, refused)).not.toBeNull()
  })
})
