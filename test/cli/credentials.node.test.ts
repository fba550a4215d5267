import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { credentialLines } from '../../src/cli/credentials.ts'

const SECRETS = { ACCOUNT_ID: 'a1', ROOT_TOKEN_ID: 'b2', ROOT_TOKEN: 'abc', MASTER_KEY: 'never shown' }

test('a shell that evaluates the lines has what the aws CLI, the SDKs and wrangler read', () => {
  const script = `${credentialLines(SECRETS, 'http://127.0.0.1:8787')}\nenv`
  const env = execFileSync('sh', ['-c', script], { encoding: 'utf8', env: {} }).split('\n')
  expect(env).toEqual(
    expect.arrayContaining([
      'AWS_ACCESS_KEY_ID=b2',
      'AWS_SECRET_ACCESS_KEY=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      'AWS_ENDPOINT_URL=http://127.0.0.1:8787',
      'AWS_REGION=auto',
      'AWS_DEFAULT_REGION=auto',
      'CLOUDFLARE_ACCOUNT_ID=a1',
      'CLOUDFLARE_API_TOKEN=abc',
      'CLOUDFLARE_API_BASE_URL=http://127.0.0.1:8787/client/v4',
    ]),
  )
})

test('the master key is not a credential', () => {
  expect(credentialLines(SECRETS, 'http://x')).not.toContain('never shown')
})

test('a token with shell characters stays one word', () => {
  const ROOT_TOKEN = `it's $(touch /nowhere) "quoted"`
  const script = `${credentialLines({ ...SECRETS, ROOT_TOKEN }, 'http://x')}\nprintf %s "$CLOUDFLARE_API_TOKEN"`
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(ROOT_TOKEN)
})
