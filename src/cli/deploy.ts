import { ensureDeployConfig } from './deploy-config.ts'
import { GENERATE, SECRET_NAMES, type SecretName, secretAccessKey } from './dev-vars.ts'
import { FREE_PLAN, isFreePlanRefusal, takeOutLimits } from './free-plan.ts'
import { keepSecrets } from './keep-secrets.ts'
import { type GivenRoute, ownHosts } from './own-hosts.ts'
import { type BoundDatabase, boundDatabases, boundQueues, deployedRoutes, type Finished, type RunOptions, runWrangler } from './wrangler.ts'

export type DeployTools = {
  wrangler: (args: string[], options?: RunOptions) => Promise<Finished>
  print: (text: string) => void
  env: Record<string, string | undefined>
  /** The queues that wrangler.jsonc binds. They must exist before the Worker is deployed. */
  queues: readonly string[]
  /** The routes of wrangler.jsonc. */
  routes?: readonly GivenRoute[]
  /** The variable HOSTS of wrangler.jsonc. */
  hosts?: string
  /** The databases that wrangler.jsonc binds. */
  databases: readonly BoundDatabase[]
  /** Whether the output is a terminal, which a person reads. If false, new secrets go to `keep`. */
  terminal: boolean
  /** Stores the new secrets and returns the path of the file. */
  keep: (table: string) => string
  /** Removes the limits of CPU time from wrangler.jsonc. */
  takeOutLimits: () => Promise<void>
}

type Step = (args: string[], options?: RunOptions) => Promise<string>

/**
 * `npm run deploy`. The order matters. Queues come first, because a Worker can only be bound to a queue that exists. Tables come before
 * the code that needs them. The first deployment is the exception: deploying the Worker creates the databases, so their tables come after
 * it. Secrets come last, because the Worker that holds them must exist. Until every step is done, the Worker answers 503 and stores
 * nothing. Every step can be run again.
 */
export async function deploy(tools: DeployTools): Promise<void> {
  const { wrangler, print, env, queues, routes = [], hosts: named, databases } = tools
  refuseOwnApi(env)
  const step: Step = async (args, options) => {
    const { code, output } = await wrangler(args, options)
    if (code !== 0) throw failed(args)
    return output
  }
  for (const queue of queues) {
    const { code } = await wrangler(['queues', 'info', queue], { quiet: true })
    if (code !== 0) await step(['queues', 'create', queue])
  }
  const hosts = await ownHosts({ wrangler, print, routes, named })
  await migrate(step, databases, { created: true })
  await deployWorker(tools, ['deploy', ...(hosts === undefined ? [] : ['--var', `HOSTS:${hosts}`])])
  await migrate(step, databases, { created: false })
  await putSecrets(tools, step)
}

const failed = (args: readonly string[]) =>
  new Error(`wrangler ${args.join(' ')} failed, so the later steps did not run. Fix the cause, then run npm run deploy again.`)

async function migrate(step: Step, databases: readonly BoundDatabase[], { created }: Pick<BoundDatabase, 'created'>): Promise<void> {
  const due = databases.filter((database) => database.created === created)
  for (const { name } of due) await step(['d1', 'migrations', 'apply', name, '--remote'])
}

/** Deploys the code. If the account's plan refuses limits of CPU time, removes them and deploys again. */
async function deployWorker({ wrangler, print, takeOutLimits }: DeployTools, args: string[]): Promise<void> {
  const { code, errors = '' } = await wrangler(args, { errors: true })
  if (code === 0) return
  if (!isFreePlanRefusal(errors)) throw failed(args)
  await takeOutLimits()
  if ((await wrangler(args)).code !== 0) throw failed(args)
  print(FREE_PLAN)
}

/** Sets the missing secrets. Without a terminal, it first writes them into a file: all data is lost if the master key is lost. */
async function putSecrets({ env, print, terminal, keep }: DeployTools, step: Step): Promise<void> {
  const present = secretNames(await step(['secret', 'list', '--format', 'json'], { capture: true }))
  const created = createSecrets(present, env)
  const made = Object.keys(created).filter((name) => !env[name])
  if (env.WORKERS_CI && made.length > 0) throw new Error(unkept(made))
  const table = tableOf(created)
  if (table === '') return print('\nCairn is deployed. Its secrets were left as they are.\n')
  const place = terminal ? undefined : keep(table)
  await step(['secret', 'bulk'], { input: JSON.stringify(created) })
  print(report(place === undefined ? table : `  They are in ${place}, which only you can read.`))
}

/** Secrets that a machine makes and forgets would lock everybody out. */
const unkept = (names: readonly string[]): string =>
  `The secrets ${names.join(', ')} are missing. None was made, because this build machine keeps no files. Set them in the dashboard of the Worker, under Settings, Variables and Secrets; .dev.vars.example says how to make them. Then deploy again.`

/** Throws after `eval "$(npm run -s credentials)"`: in that shell, wrangler would deploy to the local Cairn instead of Cloudflare. */
function refuseOwnApi(env: DeployTools['env']): void {
  const api = env.CLOUDFLARE_API_BASE_URL
  if (api && !new URL(api).hostname.endsWith('.cloudflare.com')) {
    throw new Error(`CLOUDFLARE_API_BASE_URL points at ${api}, not at Cloudflare. Run npm run deploy in a fresh shell.`)
  }
}

const secretNames = (listing: string): string[] => (JSON.parse(listing) as { name: string }[]).map(({ name }) => name)

/** Takes each missing secret from the environment, or makes a random one. It never replaces an existing secret. */
function createSecrets(present: string[], env: DeployTools['env']): Partial<Record<SecretName, string>> {
  const missing = SECRET_NAMES.filter((name) => !present.includes(name))
  return Object.fromEntries(missing.map((name) => [name, env[name] || GENERATE[name]()]))
}

function tableOf({ ACCOUNT_ID, ROOT_TOKEN_ID, ROOT_TOKEN, MASTER_KEY }: Partial<Record<SecretName, string>>): string {
  const rows = [
    ['Account id', ACCOUNT_ID],
    ['Access key id', ROOT_TOKEN_ID],
    ['Secret access key', ROOT_TOKEN && secretAccessKey({ ROOT_TOKEN })],
    ['API token', ROOT_TOKEN],
    ['Master key', MASTER_KEY],
  ].filter(([, value]) => value)
  return rows.map(([label, value]) => `  ${label!.padEnd(18)} ${value}`).join('\n')
}

/** Cloudflare never shows a secret again, so this report is the only place that prints them. */
const report = (table: string): string =>
  `\nCairn is deployed. Keep these somewhere safe: they are shown once, and without the master key no object can be read.\n\n${table}\n`

export async function main(): Promise<void> {
  try {
    ensureDeployConfig(console.log)
    const bound = { queues: await boundQueues(), databases: await boundDatabases(), ...(await deployedRoutes()) }
    const output = { print: console.log, terminal: process.stdout.isTTY === true, keep: keepSecrets }
    await deploy({ wrangler: runWrangler, env: process.env, takeOutLimits, ...output, ...bound })
  } catch (error) {
    console.error(`\n${(error as Error).message}`)
    process.exit(1)
  }
}

if (import.meta.main) await main()
