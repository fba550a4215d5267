import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './wrangler.ts'

/** Writes new secrets into a file that only its owner reads, for a terminal that is none: the log of a CI keeps what is printed. */
export function keepSecrets(table: string, now = new Date()): string {
  const path = join(ROOT, `.deployed-secrets-${now.toISOString().replaceAll(':', '-')}`)
  writeFileSync(path, `${table}\n`, { mode: 0o600, flag: 'wx' })
  return path
}
