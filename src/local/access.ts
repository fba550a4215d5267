import { Agent } from 'node:http'
import { isIPv6, type LookupFunction } from 'node:net'
import { credentialsEnv } from '../cli/credentials-env.ts'
import { secretAccessKey } from '../cli/dev-vars.ts'
import type { Access, Credentials, Jurisdiction, S3Config } from './types.ts'

export interface Place {
  readonly endpoint: string
  readonly accountId: string
}

/** An API token. Its id is the access key id of S3. */
export interface Token {
  readonly id: string
  readonly value: string
}

/** Returns the access that a token gives, in the forms that clients take. */
export function accessOf({ endpoint, accountId }: Place, { id, value }: Token): Access {
  const credentials = { accessKeyId: id, secretAccessKey: secretAccessKey({ ROOT_TOKEN: value }) }
  const env = credentialsEnv({ ACCOUNT_ID: accountId, ROOT_TOKEN_ID: id, ROOT_TOKEN: value }, endpoint)
  return { credentials, apiToken: value, s3: s3Config(endpoint, credentials), env }
}

/** Returns the configuration of an S3 client. */
export const s3Config = (endpoint: string, credentials: Credentials): S3Config => ({
  endpoint,
  region: 'auto',
  forcePathStyle: true,
  credentials,
})

/**
 * Returns the configuration for a jurisdiction, which is a label before the host `localhost`. Not every system resolves such names, so the
 * client looks none up.
 */
export function s3ConfigIn(jurisdiction: Jurisdiction, { endpoint, credentials }: S3Config): S3Config {
  if (jurisdiction === 'default') return s3Config(endpoint, credentials)
  const { hostname, port } = new URL(endpoint)
  const address = hostname.replace(/^\[|\]$/g, '')
  const httpAgent = new Agent({ keepAlive: true, lookup: (_host, options, found) => answer(address, options, found) })
  return { ...s3Config(`http://${jurisdiction}.localhost:${port}`, credentials), requestHandler: { httpAgent } }
}

const answer: (address: string, ...rest: Tail<Parameters<LookupFunction>>) => void = (address, { all }, found) => {
  const family = isIPv6(address) ? 6 : 4
  if (all) found(null, [{ address, family }])
  else found(null, address, family)
}

type Tail<T> = T extends [unknown, ...infer Rest] ? Rest : never
