import { parseArgs } from 'node:util'
import { isRetriable } from '../core/errors.ts'
import { JURISDICTIONS } from '../core/object.ts'
import type { Step } from '../core/step.ts'
import { ensureDevVars } from './dev-vars.ts'
import { knownEndpoint } from './endpoint.ts'
import { readSettings } from './settings.ts'

/** Sends one step of an operator's task to a Cairn and returns its answer. */
export type AdminCall = <T>(operation: string, body: object) => Promise<T>

/** The arguments that every operator's command receives. */
export interface AdminArgs {
  readonly bucket: string | undefined
  readonly jurisdiction: string
  readonly flags: Readonly<Record<string, boolean | string | undefined>>
  readonly call: AdminCall
}

const TRIES = 4
const RETRY_MS = 1000

/**
 * Reads `<bucket> [--jurisdiction eu] [--endpoint https://...]` and further flags. Without an endpoint, the command calls the local
 * server with the token in the local secrets file. With an endpoint, it takes the token from the environment.
 */
export function readAdminArgs(args: string[], options: Record<string, { type: 'boolean' | 'string' }> = {}): AdminArgs {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...options, endpoint: { type: 'string' }, jurisdiction: { type: 'string' } },
  })
  if (positionals.length > 1) throw new Error(`Name one bucket only, instead of ${positionals.join(' and ')}.`)
  const { endpoint, jurisdiction = 'default', ...flags } = values as Record<string, boolean | string | undefined>
  const call = adminClient(connection(endpoint as string | undefined, process.env))
  return { bucket: positionals[0], jurisdiction: jurisdiction as string, flags, call }
}

interface Connection {
  readonly endpoint: string
  readonly token: string
}

/** @throws Error when the token is missing, or when the connection would send it unencrypted */
export function connection(endpoint: string | undefined, env: NodeJS.ProcessEnv): Connection {
  if (endpoint === undefined) {
    const settings = readSettings([], env)
    return { endpoint: knownEndpoint(settings), token: ensureDevVars(settings.devVarsPath).ROOT_TOKEN }
  }
  const token = env.CLOUDFLARE_API_TOKEN
  if (!token) throw new Error('Set CLOUDFLARE_API_TOKEN to the root token, or to another token with the level Admin Read & Write.')
  const { protocol, hostname, origin } = new URL(endpoint)
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (protocol !== 'https:' && !isLocal) throw new Error(`${endpoint} is not https: the token would be sent unencrypted.`)
  return { endpoint: origin, token }
}

/**
 * Returns a function that calls the admin API. It retries a step that the server refused with 429 or 503, because such a step never
 * began. It never retries a step whose answer was lost, because the server may have run it.
 */
export function adminClient(
  { endpoint, token }: Connection,
  wait = (ms: number) => new Promise((done) => setTimeout(done, ms)),
): AdminCall {
  return async (operation, body) => {
    for (let attempt = 1; ; attempt++) {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const response = await fetch(`${endpoint}/_cairn/${operation}`, { method: 'POST', headers, body: JSON.stringify(body) })
      if (response.ok) return response.json()
      const text = await response.text()
      if (!isRetriable(response.status) || attempt === TRIES) throw new Error(`${operation}: ${messageOf(text, response.status)}`)
      await wait(RETRY_MS * attempt)
    }
  }
}

/** Calls an operation again until its work is done. Returns the report of each step. */
export async function* reportsOf<Report>(call: AdminCall, operation: string, body: object): AsyncGenerator<Report> {
  let cursor: unknown
  do {
    const { report, next } = await call<Step<unknown, Report>>(operation, { ...body, cursor })
    yield report
    cursor = next
  } while (cursor !== undefined)
}

/** A bucket as it is named in the body of a call. */
export interface BucketAt {
  readonly bucket: string
  readonly jurisdiction: string
}

/** Returns every bucket of the account; reads the list page by page. */
export async function* allBuckets(call: AdminCall): AsyncGenerator<BucketAt> {
  for (const jurisdiction of JURISDICTIONS) {
    for await (const names of reportsOf<readonly string[]>(call, 'buckets', { jurisdiction })) {
      for (const bucket of names) yield { bucket, jurisdiction }
    }
  }
}

function messageOf(text: string, status: number): string {
  try {
    const { code, message } = JSON.parse(text).error
    return `${message} (${code})`
  } catch {
    return `${text.trim().slice(0, 200)} (HTTP ${status})`
  }
}

/** Runs a command to its end. Prints an error as one line and sets exit code 2. */
export async function runCommand(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command()
  } catch (error) {
    const { message, cause } = error as Error
    console.error(cause instanceof Error ? `${message}: ${cause.message || (cause as NodeJS.ErrnoException).code}` : message)
    process.exitCode = 2
  }
}
