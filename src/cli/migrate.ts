import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connection, runCommand } from './admin-client.ts'
import { type MigrationLogLine, type MigrationProgress, progressLine, summary } from './migration-progress.ts'
import { type ApiSource, readSource, type SourceFlags } from './migration-source.ts'

const USAGE = `Usage: npm run migrate -- --from s3://<bucket>[/<prefix>] --bucket <bucket> [options]

  --from            s3://, r2:// or gs://, with the bucket and perhaps a prefix
  --bucket          the bucket to copy into; --jurisdiction if it has one
  --skip-existing   leaves existing objects alone
  --keys <file>     copies only these keys, one a line
  --failed-of <id>  copies only the keys that failed in an earlier job
  --source-endpoint, --source-region              of an S3 store that is not AWS
  --source-account, --source-jurisdiction         of R2
  --endpoint        the deployment to copy into, if it is not the local server
  --job <id>        shows an existing job; with --pause, --resume or --abort changes it

The credentials of the source are read from SOURCE_ACCESS_KEY_ID and SOURCE_SECRET_ACCESS_KEY, or from the file that
GOOGLE_APPLICATION_CREDENTIALS names.`

const FLAGS = {
  from: { type: 'string' },
  bucket: { type: 'string' },
  jurisdiction: { type: 'string' },
  'skip-existing': { type: 'boolean' },
  keys: { type: 'string' },
  'failed-of': { type: 'string' },
  'source-endpoint': { type: 'string' },
  'source-region': { type: 'string' },
  'source-jurisdiction': { type: 'string' },
  'source-account': { type: 'string' },
  endpoint: { type: 'string' },
  job: { type: 'string' },
  pause: { type: 'boolean' },
  resume: { type: 'boolean' },
  abort: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const POLL_MS = 500
const LINE_EACH_MS = 10_000
const LOG_PAGE = 1000
/** The answers that ask for another attempt, and how often one is made. */
const TRIES = 5

/** Where lines go. `draw` replaces the last one; absent where that is not possible. */
export interface Output {
  print(line: string): void
  draw?(line: string): void
}

/** `npm run migrate`: copies a bucket of another provider. Returns 0, or 1 when something was not copied. */
export async function migrate(args: string[], env: NodeJS.ProcessEnv, out: Output): Promise<number> {
  const { values: flags } = parseArgs({ args, options: FLAGS })
  if (flags.help) {
    out.print(USAGE)
    return 0
  }
  const { endpoint, token } = connection(flags.endpoint, env)
  const api = await Api.open(endpoint, token)
  const change = (['pause', 'resume', 'abort'] as const).find((name) => flags[name])
  if (change && flags.job === undefined) throw new Error(`Say which job to ${change}: --job <id>`)
  if (change) out.print(await api.call<string>('PUT', `jobs/${flags.job}/${change}`))
  const id = flags.job ?? (await start(api, flags, env))
  if (change) return 0
  out.print(`Job ${id}. It goes on if this command ends: npm run migrate -- --job ${id} shows it, --pause, --resume and --abort change it.`)
  return follow(api, id, out)
}

type Flags = SourceFlags & {
  readonly bucket?: string
  readonly jurisdiction?: string
  readonly 'skip-existing'?: boolean
  readonly 'failed-of'?: string
}

async function start(api: Api, flags: Flags, env: NodeJS.ProcessEnv): Promise<string> {
  const { bucket, jurisdiction } = flags
  const read = readSource(flags, env)
  if (bucket === undefined) throw new Error('Say where to copy to: --bucket <bucket>')
  const source: ApiSource = flags['failed-of'] === undefined ? read : { ...read, keys: await failedKeys(api, flags['failed-of']) }
  const target = { vendor: 'r2', bucket, jurisdiction, secret: await api.secret() }
  const check = await api.call<{ connectivityStatus: string; message?: string }>('PUT', 'source/connectivity-precheck', source)
  if (check.connectivityStatus !== 'success') throw new Error(`The source cannot be read. ${check.message ?? ''}`)
  return (await api.call<{ id: string }>('POST', 'jobs', { overwrite: !flags['skip-existing'], source, target })).id
}

async function failedKeys(api: Api, id: string): Promise<string[]> {
  const failed = (await logOf(api, id)).filter(({ logType }) => logType === 'importErrorRetryExhaustion')
  const keys = failed.flatMap(({ objectKey }) => objectKey ?? [])
  if (keys.length === 0) throw new Error(`No object failed in the job ${id}.`)
  return [...new Set(keys)]
}

async function logOf(api: Api, id: string): Promise<MigrationLogLine[]> {
  const lines: MigrationLogLine[] = []
  for (let more = true; more; ) {
    const page = await api.call<MigrationLogLine[]>('GET', `jobs/${id}/logs?limit=${LOG_PAGE}&offset=${lines.length}`)
    lines.push(...page)
    more = page.length === LOG_PAGE
  }
  return lines
}

/** Shows the progress until the job has ended or is paused, and then a summary. */
async function follow(api: Api, id: string, out: Output): Promise<number> {
  const startMs = Date.now()
  const secondsSince = () => (Date.now() - startMs) / 1000
  let printedMs = 0
  for (;;) {
    const progress = await api.call<MigrationProgress>('GET', `jobs/${id}/progress`)
    const line = progressLine(progress, secondsSince())
    if (out.draw) out.draw(line)
    else if (progress.status !== 'running' || Date.now() - printedMs >= LINE_EACH_MS) {
      out.print(line)
      printedMs = Date.now()
    }
    if (progress.status === 'paused') return 0
    if (progress.status !== 'running') {
      if (out.draw) out.print('')
      for (const text of summary(id, progress, await logOf(api, id), secondsSince())) out.print(text)
      return progress.status === 'completed' && progress.failedObjects === 0 ? 0 : 1
    }
    await sleep(POLL_MS)
  }
}

/** The endpoints of Super Slurper. */
class Api {
  readonly #base: string
  readonly #token: string
  readonly #accountId: string

  private constructor(base: string, token: string, accountId: string) {
    this.#base = base
    this.#token = token
    this.#accountId = accountId
  }

  static async open(endpoint: string, token: string): Promise<Api> {
    const base = `${endpoint}/client/v4`
    const [account] = await request<{ id: string }[]>('GET', `${base}/accounts`, token)
    if (account === undefined) throw new Error('The token has no account.')
    return new Api(base, token, account.id)
  }

  call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return request<T>(method, `${this.#base}/accounts/${this.#accountId}/slurper/${path}`, this.#token, body)
  }

  /** The S3 credentials of the token, for the target. */
  async secret() {
    const { id: accessKeyId } = await request<{ id: string }>('GET', `${this.#base}/user/tokens/verify`, this.#token)
    return { accessKeyId, secretAccessKey: createHash('sha256').update(this.#token).digest('hex') }
  }
}

/** Sends a request. A read that was not answered is repeated, so that a restart of the server does not end the command. */
async function request<T>(method: string, url: string, token: string, body?: unknown): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const response = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
      const { success, errors, result } = (await response.json()) as { success: boolean; errors: { message: string }[]; result: T }
      if (success) return result
      if (!(response.status >= 500 || response.status === 429) || attempt === TRIES)
        throw new Refused(errors[0]?.message ?? `HTTP ${response.status}`)
    } catch (error) {
      if (error instanceof Refused || method !== 'GET' || attempt === TRIES) throw error
    }
    await sleep(1000 * attempt)
  }
}

class Refused extends Error {}

function outputOf({ isTTY, columns = 80 }: NodeJS.WriteStream): Output {
  const print = (line: string) => console.log(line)
  return isTTY ? { print, draw: (line) => void process.stdout.write(`\r\x1b[K${line.slice(0, columns - 1)}`) } : { print }
}

export const main = (args: string[]): Promise<void> => runCommand(() => migrate(args, process.env, outputOf(process.stdout)))

if (import.meta.main) await main(process.argv.slice(2))
