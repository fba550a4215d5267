import { GENERATE, SECRET_NAMES, type SecretName, secretAccessKey } from './dev-vars.ts'
import { DATABASES } from './local-migrations.ts'
import { type GivenRoute, ownHosts } from './own-hosts.ts'
import { boundQueues, deployedRoutes, type Finished, type RunOptions, runWrangler } from './wrangler.ts'

export type DeployTools = {
  wrangler: (args: string[], options?: RunOptions) => Promise<Finished>
  print: (text: string) => void
  env: Record<string, string | undefined>
  /** The queues that wrangler.jsonc binds. */
  queues: readonly string[]
  /** The routes of wrangler.jsonc, and its variable HOSTS. */
  routes?: readonly GivenRoute[]
  hosts?: string
}

/**
 * `npm run deploy`. The order matters: a Worker can only be bound to queues that are there; the first deploy creates the databases that the migrations need and the Worker that holds the secrets;
 * until the secrets are there, the Worker answers 503 and stores nothing. Every step can be run again.
 */
export async function deploy({ wrangler, print, env, queues, routes = [], hosts: named }: DeployTools): Promise<void> {
  refuseOwnApi(env)
  const step = async (args: string[], options?: RunOptions) => {
    const { code, output } = await wrangler(args, options)
    if (code !== 0)
      throw new Error(`wrangler ${args.join(' ')} failed; nothing after it was done. Run npm run deploy again once it is fixed.`)
    return output
  }
  for (const queue of queues) {
    const { code } = await wrangler(['queues', 'info', queue], { quiet: true })
    if (code !== 0) await step(['queues', 'create', queue])
  }
  const hosts = await ownHosts({ wrangler, print, routes, named })
  await step(['deploy', ...(hosts === undefined ? [] : ['--var', `HOSTS:${hosts}`])])
  for (const { name } of DATABASES) await step(['d1', 'migrations', 'apply', name, '--remote'])
  const present = secretNames(await step(['secret', 'list', '--format', 'json'], { capture: true }))
  const created = createSecrets(present, env)
  if (Object.keys(created).length > 0) await step(['secret', 'bulk'], { input: JSON.stringify(created) })
  print(report(created))
}

/** After `eval "$(npm run -s credentials)"` wrangler would deploy to the local Cairn instead of Cloudflare. */
function refuseOwnApi(env: DeployTools['env']): void {
  const api = env.CLOUDFLARE_API_BASE_URL
  if (api && !new URL(api).hostname.endsWith('.cloudflare.com')) {
    throw new Error(`CLOUDFLARE_API_BASE_URL points at ${api}, not at Cloudflare. Run npm run deploy in a fresh shell.`)
  }
}

const secretNames = (listing: string): string[] => (JSON.parse(listing) as { name: string }[]).map(({ name }) => name)

/** A value brought in the environment is used, anything else is random. A secret that is there is never replaced. */
function createSecrets(present: string[], env: DeployTools['env']): Partial<Record<SecretName, string>> {
  const missing = SECRET_NAMES.filter((name) => !present.includes(name))
  return Object.fromEntries(missing.map((name) => [name, env[name] || GENERATE[name]()]))
}

/** Cloudflare never shows a secret again, so this is the one time the values are printed. */
function report({ ACCOUNT_ID, ROOT_TOKEN_ID, ROOT_TOKEN, MASTER_KEY }: Partial<Record<SecretName, string>>): string {
  const rows = [
    ['Account id', ACCOUNT_ID],
    ['Access key id', ROOT_TOKEN_ID],
    ['Secret access key', ROOT_TOKEN && secretAccessKey({ ROOT_TOKEN })],
    ['API token', ROOT_TOKEN],
    ['Master key', MASTER_KEY],
  ].filter(([, value]) => value)
  if (rows.length === 0) return '\nCairn is deployed. Its secrets were left as they are.\n'
  const table = rows.map(([label, value]) => `  ${label!.padEnd(18)} ${value}`).join('\n')
  return `\nCairn is deployed. Keep these somewhere safe: they are shown once, and without the master key no object can be read.\n\n${table}\n`
}

if (import.meta.main) {
  try {
    await deploy({ wrangler: runWrangler, print: console.log, env: process.env, queues: await boundQueues(), ...(await deployedRoutes()) })
  } catch (error) {
    console.error(`\n${(error as Error).message}`)
    process.exit(1)
  }
}
