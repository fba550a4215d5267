import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_PORT, type Settings } from './settings.ts'

/** The URL of a server. A server that listens on all interfaces (`0.0.0.0`, `::`) is reached at the loopback address. */
export function endpointOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

const noteIn = (persistTo: string) => join(persistTo, 'endpoint')

/** Writes the endpoint into a file beside the data, so that `npm run credentials` prints the port that the server really uses. */
export function noteEndpoint(persistTo: string, endpoint: string): void {
  mkdirSync(persistTo, { recursive: true })
  writeFileSync(noteIn(persistTo), `${endpoint}\n`)
}

/** Returns the endpoint of the local server: a port in the settings comes before the endpoint noted at the last start. */
export function knownEndpoint(settings: Settings): string {
  if (settings.port) return endpointOf(settings.host, settings.port)
  try {
    return readFileSync(noteIn(settings.persistTo), 'utf8').trim()
  } catch {
    return endpointOf(settings.host, DEFAULT_PORT)
  }
}
