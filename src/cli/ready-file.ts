import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Writes the endpoint into a file, for scripts that wait for the server. The file is removed when the process ends. */
export function writeReadyFile(path: string, endpoint: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${endpoint}\n`)
  process.on('exit', () => rmSync(path, { force: true }))
}
