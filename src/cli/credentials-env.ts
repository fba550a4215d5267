import { type Secrets, secretAccessKey } from './dev-vars.ts'

/** Returns the environment variables that point S3 clients, wrangler and the Cloudflare SDKs at a server. */
export const credentialsEnv = (
  secrets: Pick<Secrets, 'ACCOUNT_ID' | 'ROOT_TOKEN_ID' | 'ROOT_TOKEN'>,
  endpoint: string,
): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: secrets.ROOT_TOKEN_ID,
  AWS_SECRET_ACCESS_KEY: secretAccessKey(secrets),
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: 'auto',
  AWS_DEFAULT_REGION: 'auto', // boto3 and version 1 of the AWS CLI read this name; without it they presign URLs with the old signature.
  CLOUDFLARE_ACCOUNT_ID: secrets.ACCOUNT_ID,
  CLOUDFLARE_API_TOKEN: secrets.ROOT_TOKEN,
  CLOUDFLARE_API_BASE_URL: `${endpoint}/client/v4`,
})
