import { credentialsEnv } from './credentials-env.ts'
import { ensureDevVars, type Secrets } from './dev-vars.ts'
import { knownEndpoint } from './endpoint.ts'
import { readSettings } from './settings.ts'

/** Returns shell lines. `eval "$(npm run -s credentials)"` points S3 clients, wrangler and the Cloudflare SDKs at the local server. */
export function credentialLines(secrets: Secrets, endpoint: string): string {
  return Object.entries(credentialsEnv(secrets, endpoint))
    .map(([name, value]) => `export ${name}=${shellWord(value)}`)
    .join('\n')
}

/** Quotes a value for the shell: a value that someone typed into .dev.vars must not run as a command. */
const shellWord = (text: string) => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

export async function main(args: string[]): Promise<void> {
  const settings = readSettings(args, process.env)
  console.log(credentialLines(ensureDevVars(settings.devVarsPath), knownEndpoint(settings)))
}

if (import.meta.main) await main(process.argv.slice(2))
