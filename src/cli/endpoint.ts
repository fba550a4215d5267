import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_PORT, type Settings } from './settings.ts'

/** A server on all interfaces is still reached by a real address. */
export function endpointOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

const noteIn = (persistTo: string) => join(persistTo, 'endpoint')

/** Leaves a note beside the data, so that `npm run credentials` names the port that was really used. */
export function noteEndpoint(persistTo: string, endpoint: string): void {
  mkdirSync(persistTo, { recursive: true })
  writeFileSync(noteIn(persistTo), `${endpoint}\n`)
}

/** A port that was asked for wins over the note of the last start. */
export function knownEndpoint(settings: Settings): string {
  if (settings.port) return endpointOf(settings.host, settings.port)
  try {
    return readFileSync(noteIn(settings.persistTo), 'utf8').trim()
  } catch {
    return endpointOf(settings.host, DEFAULT_PORT)
  }
}
