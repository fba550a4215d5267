import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** The secrets that a Cairn needs, each with a function that generates it. */
export const GENERATE = {
  ACCOUNT_ID: () => randomBytes(16).toString('hex'),
  ROOT_TOKEN_ID: () => randomBytes(16).toString('hex'),
  ROOT_TOKEN: () => randomBytes(30).toString('base64url'), // 30 bytes make 40 characters, as many as Cloudflare's own tokens have.
  MASTER_KEY: () => randomBytes(32).toString('base64'),
}

export type SecretName = keyof typeof GENERATE
export type Secrets = Record<SecretName, string>
export const SECRET_NAMES = Object.keys(GENERATE) as SecretName[]

/** The S3 secret is the SHA-256 of the token's value, as on R2. */
export const secretAccessKey = (secrets: Pick<Secrets, 'ROOT_TOKEN'>): string =>
  createHash('sha256').update(secrets.ROOT_TOKEN).digest('hex')

/** Reads the local secrets. Generates and appends the missing ones; never changes an existing one. */
export function ensureDevVars(path: string): Secrets {
  const text = readOrCreate(path)
  const found = parseEnv(text)
  const missing = SECRET_NAMES.filter((name) => !found[name]).map((name) => [name, GENERATE[name]()] as const)
  if (missing.length > 0) {
    const separator = text === '' || text.endsWith('\n') ? '' : '\n'
    appendFileSync(path, separator + missing.map(([name, value]) => `${name}=${value}\n`).join(''))
  }
  return { ...found, ...Object.fromEntries(missing) } as Secrets
}

function readOrCreate(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    writeFileSync(path, '', { mode: 0o600, flag: 'wx' }) // The file is private from the start.
    return ''
  }
}
