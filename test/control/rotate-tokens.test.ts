import { describe, expect, test, vi } from 'vitest'
import { rotateTokens } from '../../src/control/rotate-tokens.ts'
import { createToken, secretAccessKeyOf, TokenFinder } from '../../src/control/tokens.ts'
import { Keyring } from '../../src/segments/keyring.ts'
import { env, secrets } from '../support/bucket.ts'

const NOW = 1_700_000_000_000
const NEW_KEY = new Uint8Array(32).fill(7).toBase64()
const during = { ...secrets, keyring: new Keyring(NEW_KEY, [env.MASTER_KEY!]) }
const afterwards = { ...secrets, keyring: new Keyring(NEW_KEY) }

async function addTokens(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => crypto.randomUUID().replaceAll('-', ''))
  for (const id of ids) await createToken(env.CONTROL, secrets, { id, value: `value of ${id}`, name: 'n', policies: [] }, NOW)
  return ids
}

test('every token works with the present master key alone, and again nothing is left to do', async () => {
  const ids = await addTokens(101)
  const first = await rotateTokens(env.CONTROL, during)
  expect(first).toEqual({ report: { checked: 100, resealed: 100, lost: [] }, next: expect.any(String) })
  expect(await rotateTokens(env.CONTROL, during, first.next)).toEqual({ report: { checked: 1, resealed: 1, lost: [] }, next: undefined })
  const finder = new TokenFinder(afterwards)
  for (const id of ids) {
    expect(await finder.find(env.CONTROL, id, NOW)).toMatchObject({ secretAccessKey: secretAccessKeyOf(`value of ${id}`) })
    expect(await finder.findByValue(env.CONTROL, `value of ${id}`, NOW)).not.toBe(null)
  }
  expect(await rotateTokens(env.CONTROL, during)).toMatchObject({ report: { resealed: 0 } })
})

test('a token under a lost key is named, and is like an unknown one to its holder', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  const [id] = await addTokens(1)
  const { report } = await rotateTokens(env.CONTROL, afterwards)
  expect(report.lost).toEqual([id])
  expect(await new TokenFinder(afterwards).find(env.CONTROL, id!, NOW)).toBe(null)
  expect(log).toHaveBeenCalledWith(`The API token ${id} cannot be used: Master key ${secrets.keyring.keyId} is not configured.`)
  log.mockRestore()
})

describe('a token that is read during a rotation', () => {
  const sealedOf = async (id: string) =>
    (await env.CONTROL.prepare('SELECT sealed_secret FROM tokens WHERE id = ?').bind(id).first<string>('sealed_secret'))!

  test('is sealed anew by its reader, once', async () => {
    const [id] = (await addTokens(1)) as [string]
    expect(await new TokenFinder(during).find(env.CONTROL, id, NOW)).not.toBe(null)
    const sealed = await sealedOf(id)
    expect(during.keyring.isPresent(sealed)).toBe(true)
    expect(await new TokenFinder(during).findByValue(env.CONTROL, `value of ${id}`, NOW)).not.toBe(null)
    expect(await sealedOf(id)).toBe(sealed)
    expect(await new TokenFinder(afterwards).find(env.CONTROL, id, NOW)).toMatchObject({
      secretAccessKey: secretAccessKeyOf(`value of ${id}`),
    })
  })

  test('works even if it cannot be sealed anew', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const [id] = (await addTokens(1)) as [string]
    const prepare = (query: string) => {
      if (query.startsWith('UPDATE')) throw new Error('D1 is read-only')
      return env.CONTROL.prepare(query)
    }
    expect(await new TokenFinder(during).find(new Proxy(env.CONTROL, { get: () => prepare }), id, NOW)).not.toBe(null)
    expect(warn).toHaveBeenCalledOnce()
    expect(secrets.keyring.isPresent(await sealedOf(id))).toBe(true)
    warn.mockRestore()
  })
})
