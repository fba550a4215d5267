import { describe, expect, test } from 'vitest'
import { readConfig, readSecrets } from '../src/config.ts'
import { LIMITS } from '../src/core/limits.ts'
import type { Env } from '../src/env.ts'
import { DEFAULT_SEGMENT_CONFIG } from '../src/segments/config.ts'
import { env } from './support/bucket.ts'

const config = (vars: Partial<Env>) => readConfig({ ...env, ...vars })

describe('the settings', () => {
  test('have defaults', () => {
    const { strict, s3Host, segments, inlineBudgetBytes, graceMs } = config({ R2_STRICT: undefined })
    expect({ strict, s3Host, segments, inlineBudgetBytes, graceMs }).toEqual({
      strict: false,
      s3Host: undefined,
      segments: DEFAULT_SEGMENT_CONFIG,
      inlineBudgetBytes: 5 * 1024 ** 3,
      graceMs: 3_600_000,
    })
  })

  test('are read from variables; an empty one is none', () => {
    const read = config({
      R2_STRICT: 'true',
      S3_HOST: 'S3.Example.com',
      INLINE_MAX_BYTES: '0',
      D1_MAX_BYTES: '100',
      SEGMENT_BYTES: '1000',
      INLINE_BUDGET_BYTES: '',
      GARBAGE_GRACE_SECONDS: '90',
    })
    expect(read).toMatchObject({
      strict: true,
      s3Host: 's3.example.com',
      segments: { inlineMaxBytes: 0, d1MaxBytes: 100, segmentBytes: 1000 },
      inlineBudgetBytes: 5 * 1024 ** 3,
      graceMs: 90_000,
    })
  })

  test('further hosts of the API are names, separated by commas', () => {
    expect(config({}).hosts).toEqual([])
    expect(config({ HOSTS: ' API.example.com, s3.example.com,' }).hosts).toEqual(['api.example.com', 's3.example.com'])
    for (const value of ['https://api.example.com', 'api.example.com:443', '*.example.com', 'api'])
      expect(() => config({ HOSTS: value })).toThrow('The variable HOSTS must be host names, separated by commas.')
  })

  test('strict mode takes every allowance away', () => {
    expect(config({ R2_STRICT: 'false' }).allows('unequalParts')).toBe(true)
    expect(config({ R2_STRICT: 'true' }).allows('unequalParts')).toBe(false)
  })

  test.each(['TRUE', '1', 'yes'])('R2_STRICT may not be %j, which might mean either', (value) => {
    expect(() => config({ R2_STRICT: value })).toThrow('The variable R2_STRICT must be true or false.')
  })

  const NUMBERS = ['INLINE_MAX_BYTES', 'D1_MAX_BYTES', 'SEGMENT_BYTES', 'INLINE_BUDGET_BYTES', 'GARBAGE_GRACE_SECONDS'] as const

  test.each(NUMBERS.flatMap((name) => ['-1', '1.5', '64k', '1e6', ' 1', '0x10', '9'.repeat(16)].map((value) => [name, value] as const)))(
    '%s may not be %j',
    (name, value) => expect(() => config({ [name]: value })).toThrow(`The variable ${name} must be a whole number.`),
  )

  test.each([
    ['INLINE_MAX_BYTES', LIMITS.sqliteValueBytes],
    ['D1_MAX_BYTES', 100 * 1024 ** 2],
    ['SEGMENT_BYTES', LIMITS.kvValueBytes],
    ['SEGMENT_BYTES', 0],
  ])('%s may not be %d: production would refuse what a local server takes', (name, value) => {
    expect(() => config({ [name]: String(value) })).toThrow(RangeError)
  })
})

describe('the secrets', () => {
  test('are read', () => {
    const { accountId, rootTokenId, rootToken, keyring } = readSecrets(env)
    expect({ accountId, rootTokenId, rootToken }).toEqual({
      accountId: env.ACCOUNT_ID,
      rootTokenId: env.ROOT_TOKEN_ID,
      rootToken: env.ROOT_TOKEN,
    })
    expect(keyring.keyId).toMatch(/^[0-9a-f]{8}$/)
  })

  test('may hold further master keys, with or without spaces and a comma too many', () => {
    const keys = [1, 2].map((byte) => new Uint8Array(32).fill(byte).toBase64())
    expect(() => readSecrets({ ...env, OLD_MASTER_KEYS: `${keys[0]}, ${keys[1]},` })).not.toThrow()
    expect(() => readSecrets({ ...env, OLD_MASTER_KEYS: '' })).not.toThrow()
  })

  const SECRETS = ['ACCOUNT_ID', 'ROOT_TOKEN_ID', 'ROOT_TOKEN', 'MASTER_KEY'] as const

  test.each(SECRETS.flatMap((name) => [undefined, ''].map((value) => [name, value] as const)))('%s cannot be %j', (name, value) => {
    expect(() => readSecrets({ ...env, [name]: value })).toThrow(
      `The secret ${name} is not set. Locally, \`npm start\` and \`npm run dev\` make the secrets and the tables; for a deployment see "Deploy" in the README.`,
    )
  })

  test.each([
    ['ACCOUNT_ID', 'F'.repeat(32)],
    ['ACCOUNT_ID', 'f'.repeat(31)],
    ['ROOT_TOKEN_ID', `${'f'.repeat(32)}\n`],
    ['ROOT_TOKEN_ID', 'g'.repeat(32)],
    ['ROOT_TOKEN', 'short'],
    ['MASTER_KEY', 'password'],
    ['MASTER_KEY', btoa('x'.repeat(31))],
    ['MASTER_KEY', btoa('x'.repeat(33))],
    ['OLD_MASTER_KEYS', `${btoa('x'.repeat(32))} ${btoa('y'.repeat(32))}`],
    ['OLD_MASTER_KEYS', `${btoa('x'.repeat(32))},${btoa('y'.repeat(31))}`],
  ])('%s cannot be %j, and the complaint does not repeat it', (name, value) => {
    const read = () => readSecrets({ ...env, [name]: value })
    expect(read).toThrow(`The secret ${name} must be `)
    expect(read).not.toThrow(value)
  })
})
