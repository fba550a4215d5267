import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureDevVars, SECRET_NAMES, secretAccessKey } from '../../src/cli/dev-vars.ts'
import { temporaryFolder } from './temporary-folder.ts'

const newPath = () => join(temporaryFolder(), '.dev.vars')

test('a first run writes every secret, in its own shape, for the owner only', () => {
  const path = newPath()
  const secrets = ensureDevVars(path)
  expect(secrets.ACCOUNT_ID).toMatch(/^[0-9a-f]{32}$/)
  expect(secrets.ROOT_TOKEN_ID).toMatch(/^[0-9a-f]{32}$/)
  expect(secrets.ROOT_TOKEN).toMatch(/^[\w-]{40}$/)
  expect(Buffer.from(secrets.MASTER_KEY, 'base64')).toHaveLength(32)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a second run reads the same secrets and leaves the file alone', () => {
  const path = newPath()
  const first = ensureDevVars(path)
  const text = readFileSync(path, 'utf8')
  expect(ensureDevVars(path)).toEqual(first)
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('missing entries are added after what a person wrote, which stays as it is', () => {
  const path = newPath()
  writeFileSync(path, '# mine\nROOT_TOKEN="my own token"\nR2_STRICT=true')
  const secrets = ensureDevVars(path)
  expect(secrets.ROOT_TOKEN).toBe('my own token')
  expect(readFileSync(path, 'utf8')).toMatch(/^# mine\nROOT_TOKEN="my own token"\nR2_STRICT=true\nACCOUNT_ID=/)
  expect(SECRET_NAMES.every((name) => secrets[name])).toBe(true)
})

test('two installations never share a secret', () => {
  const [mine, other] = [ensureDevVars(newPath()), ensureDevVars(newPath())]
  expect(SECRET_NAMES.filter((name) => mine[name] === other[name])).toEqual([])
})

test('the S3 secret is the SHA-256 of the root token, as on R2', () => {
  expect(secretAccessKey({ ROOT_TOKEN: 'abc' })).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})
