import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from './wrangler.ts'

/**
 * Writes new secrets into a file that only its owner can read, and returns the path. Used when the output is not a terminal: a CI
 * system would keep printed secrets in its log.
 */
export function keepSecrets(table: string, now = new Date()): string {
  const path = join(PROJECT, `.deployed-secrets-${now.toISOString().replaceAll(':', '-')}`)
  writeFileSync(path, `${table}\n`, { mode: 0o600, flag: 'wx' })
  return path
}
