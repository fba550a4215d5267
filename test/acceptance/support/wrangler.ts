import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { Connection } from './server.ts'
import { QUIET, WRANGLER } from './wrangler-program.ts'

export type Ran = { code: number; out: string; err: string; bytes: Buffer }
export type RunOptions = { input?: string | Uint8Array; token?: string; env?: Record<string, string> }

/** A folder without any configuration, and wrangler in it, aimed at the shared server or another one with nothing but the three variables. */
export async function wranglerIn(server: Connection = inject('server')): Promise<{
  folder: string
  run: (args: string[], options?: RunOptions) => Promise<Ran>
  remove: () => Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-wrangler-'))
  const { apiBaseUrl, apiToken, accountId } = server
  const run = (args: string[], { input, token = apiToken, env = {} }: RunOptions = {}) => {
    const child = spawn(process.execPath, [WRANGLER, ...args], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        // Else the account that an earlier run found is remembered for this one.
        WRANGLER_CACHE_DIR: join(folder, 'cache'),
        ...QUIET,
        CLOUDFLARE_API_BASE_URL: apiBaseUrl,
        CLOUDFLARE_API_TOKEN: token,
        CLOUDFLARE_ACCOUNT_ID: accountId,
        ...env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (data) => out.push(data))
    child.stderr.on('data', (data) => err.push(data))
    return new Promise<Ran>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => {
        const bytes = Buffer.concat(out)
        resolve({ code: code ?? 1, out: bytes.toString(), err: Buffer.concat(err).toString(), bytes })
      })
    })
  }
  return { folder, run, remove: () => rm(folder, { recursive: true, force: true }) }
}
