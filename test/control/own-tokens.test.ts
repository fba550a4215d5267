import { expect, test } from 'vitest'
import { isOurTokenId, isOurTokenValue, newTokenId, newTokenValue } from '../../src/control/own-tokens.ts'
import { randomId } from '../../src/core/ids.ts'
import { Keyring } from '../../src/segments/keyring.ts'
import { env, secrets } from '../support/bucket.ts'

const { keyring } = secrets
const another = new Uint8Array(32).fill(7).toBase64()

test('ids and values of our own have the form of others, and are told from inventions', () => {
  for (let i = 0; i < 50; i++) {
    const [id, value] = [newTokenId(keyring), newTokenValue(keyring)]
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(value).toMatch(/^[A-Za-z0-9_-]{40}$/)
    expect([isOurTokenId(keyring, id), isOurTokenValue(keyring, value)]).toEqual([true, true])
    expect(isOurTokenId(keyring, randomId())).toBe(false)
    expect(isOurTokenValue(keyring, crypto.getRandomValues(new Uint8Array(30)).toBase64({ alphabet: 'base64url' }))).toBe(false)
  }
})

test('no two are the same', () => {
  const made = Array.from({ length: 200 }, () => [newTokenId(keyring), newTokenValue(keyring)]).flat()
  expect(new Set(made).size).toBe(400)
})

test('a changed character is no proof any more', () => {
  const [id, value] = [newTokenId(keyring), newTokenValue(keyring)]
  for (let at = 0; at < 32; at++) {
    const other = id[at] === '0' ? '1' : '0'
    expect(isOurTokenId(keyring, id.slice(0, at) + other + id.slice(at + 1))).toBe(false)
  }
  for (let at = 0; at < 40; at++) {
    const other = value[at] === 'A' ? 'B' : 'A'
    expect(isOurTokenValue(keyring, value.slice(0, at) + other + value.slice(at + 1))).toBe(false)
  }
})

test.each(['', 'x', 'A'.repeat(40), '0'.repeat(32), 'é'.repeat(32), ` ${'a'.repeat(39)}`, 'a'.repeat(100_000)])('%j is none', (text) => {
  expect([isOurTokenId(keyring, text), isOurTokenValue(keyring, text)]).toEqual([false, false])
})

test('they outlive a change of the master key for as long as the old one is configured', () => {
  const [id, value] = [newTokenId(keyring), newTokenValue(keyring)]
  const during = new Keyring(another, [env.MASTER_KEY!])
  const afterwards = new Keyring(another)
  expect([isOurTokenId(during, id), isOurTokenValue(during, value)]).toEqual([true, true])
  expect([isOurTokenId(afterwards, id), isOurTokenValue(afterwards, value)]).toEqual([false, false])
  expect(isOurTokenId(afterwards, newTokenId(during))).toBe(true)
})
