import { readFileSync } from 'node:fs'

/** The flags that describe a source. */
export interface SourceFlags {
  readonly from?: string
  readonly 'source-endpoint'?: string
  readonly 'source-region'?: string
  readonly 'source-jurisdiction'?: string
  readonly 'source-account'?: string
  readonly keys?: string
}

/** The source of a migration, as the API takes it. */
export type ApiSource = Readonly<Record<string, unknown>> & { readonly vendor: string; readonly bucket: string }

/**
 * Reads the source of a migration from the flags, and its credentials from the environment: a secret on the command line would be in the
 * list of processes.
 * @throws Error with one clear sentence
 */
export function readSource(flags: SourceFlags, env: NodeJS.ProcessEnv): ApiSource {
  const { scheme, bucket, prefix } = parseFrom(flags.from)
  const selection = { ...(prefix && { pathPrefix: prefix }), ...(flags.keys !== undefined && { keys: readKeys(flags.keys) }) }
  switch (scheme) {
    case 's3': {
      const place = { endpoint: flags['source-endpoint'], region: flags['source-region'] }
      return { vendor: 's3', bucket, ...place, secret: s3Secret(env), ...selection }
    }
    case 'r2': {
      const place = { jurisdiction: flags['source-jurisdiction'], accountId: flags['source-account'] }
      return { vendor: 'r2', bucket, ...place, secret: s3Secret(env), ...selection }
    }
    default:
      return { vendor: 'gcs', bucket, secret: gcsSecret(env), ...selection }
  }
}

function parseFrom(from: string | undefined) {
  const [, scheme, bucket, prefix = ''] = /^(s3|r2|gs):\/\/([^/]+)(?:\/(.*))?$/s.exec(from ?? '') ?? []
  if (!scheme || !bucket) throw new Error('Say where to copy from: --from s3://<bucket>[/<prefix>], r2://… or gs://…')
  return { scheme, bucket, prefix }
}

/** One key a line. The last line need not end. */
function readKeys(file: string): string[] {
  const keys = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line !== '')
  if (keys.length === 0) throw new Error(`${file} has no keys.`)
  return keys
}

function s3Secret(env: NodeJS.ProcessEnv) {
  const accessKeyId = env.SOURCE_ACCESS_KEY_ID
  const secretAccessKey = env.SOURCE_SECRET_ACCESS_KEY
  if (!accessKeyId || !secretAccessKey) {
    throw new Error('Set SOURCE_ACCESS_KEY_ID and SOURCE_SECRET_ACCESS_KEY to the credentials of the source.')
  }
  return { accessKeyId, secretAccessKey }
}

/** The key file of a service account, as Google's console makes it. */
function gcsSecret({ GOOGLE_APPLICATION_CREDENTIALS: file }: NodeJS.ProcessEnv) {
  if (!file) throw new Error("Set GOOGLE_APPLICATION_CREDENTIALS to the path of the service account's key file.")
  const { client_email: clientEmail, private_key: privateKey } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  if (typeof clientEmail !== 'string' || typeof privateKey !== 'string') throw new Error(`${file} is no key file of a service account.`)
  return { clientEmail, privateKey }
}
