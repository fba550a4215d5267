import { ensureDevVars, type Secrets, secretAccessKey } from './dev-vars.ts'
import { knownEndpoint } from './endpoint.ts'
import { readSettings } from './settings.ts'

/** Returns shell lines. `eval "$(npm run -s credentials)"` points S3 clients, wrangler and the Cloudflare SDKs at the local server. */
export function credentialLines(secrets: Secrets, endpoint: string): string {
  const values = {
    AWS_ACCESS_KEY_ID: secrets.ROOT_TOKEN_ID,
    AWS_SECRET_ACCESS_KEY: secretAccessKey(secrets),
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'auto',
    AWS_DEFAULT_REGION: 'auto', // boto3 and version 1 of the AWS CLI read this name; without it they presign URLs with the old signature.
    CLOUDFLARE_ACCOUNT_ID: secrets.ACCOUNT_ID,
    CLOUDFLARE_API_TOKEN: secrets.ROOT_TOKEN,
    CLOUDFLARE_API_BASE_URL: `${endpoint}/client/v4`,
  }
  return Object.entries(values)
    .map(([name, value]) => `export ${name}=${shellWord(value)}`)
    .join('\n')
}

/** Quotes a value for the shell: a value that someone typed into .dev.vars must not run as a command. */
const shellWord = (text: string) => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

if (import.meta.main) {
  const settings = readSettings(process.argv.slice(2), process.env)
  console.log(credentialLines(ensureDevVars(settings.devVarsPath), knownEndpoint(settings)))
}
