import type { Driver } from '../client.ts'
import { expectEqual, expectRefused, fileOf, scenario } from './scenario.ts'

/** What the AWS provider of Terraform and OpenTofu reads of a bucket on each refresh, in its order: the answer's members, or the error. */
const REFRESH: Readonly<Record<string, object | RegExp>> = {
  GetBucketPolicy: /NoSuchBucketPolicy/,
  GetBucketCors: /NoSuchCORSConfiguration/,
  GetBucketWebsite: /NoSuchWebsiteConfiguration/,
  GetBucketVersioning: {},
  GetBucketAccelerateConfiguration: {},
  GetBucketRequestPayment: { Payer: 'BucketOwner' },
  GetBucketLogging: {},
  GetBucketReplication: /ReplicationConfigurationNotFoundError/,
  GetObjectLockConfiguration: /ObjectLockConfigurationNotFoundError/,
  GetBucketTagging: /NoSuchTagSet/,
}

const ALL_BLOCKED = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true }
const OWNER = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] }

/** What its resources beside the bucket, plugins and backup tools read. */
const OTHERS: Readonly<Record<string, object | RegExp>> = {
  GetBucketPolicyStatus: /NoSuchBucketPolicy/,
  GetPublicAccessBlock: { PublicAccessBlockConfiguration: ALL_BLOCKED },
  GetBucketOwnershipControls: { OwnershipControls: OWNER },
  GetBucketNotificationConfiguration: {},
  ListBucketMetricsConfigurations: {},
  ListBucketInventoryConfigurations: {},
}

/** What may be said because it is so already. */
const STATED: Readonly<Record<string, object>> = {
  PutBucketAcl: { ACL: 'private' },
  PutPublicAccessBlock: { PublicAccessBlockConfiguration: ALL_BLOCKED },
  PutBucketOwnershipControls: { OwnershipControls: OWNER },
  PutBucketRequestPayment: { RequestPaymentConfiguration: { Payer: 'BucketOwner' } },
  PutBucketAccelerateConfiguration: { AccelerateConfiguration: { Status: 'Suspended' } },
  PutBucketLogging: { BucketLoggingStatus: {} },
  DeleteBucketPolicy: {},
  DeleteBucketWebsite: {},
}

/** What would change something. */
const REFUSED: Readonly<Record<string, object>> = {
  PutBucketAcl: { ACL: 'public-read' },
  PutBucketAccelerateConfiguration: { AccelerateConfiguration: { Status: 'Enabled' } },
  PutBucketPolicy: { Policy: '{"Statement":[]}' },
}

/** The configurations that tools read, where nothing is configured. Clients without S3's whole API have the scenario in their own way. */
export const configuration = scenario({
  id: 'configuration',
  title: 'configuration',
  needs: ['put', 'call'],
  rare: 'it asks for no configuration',
  async run(driver, place) {
    const { bucket } = place
    await driver.put({ bucket, key: 'a', file: fileOf(place, 'a').file })
    for (const [operation, expected] of Object.entries({ ...REFRESH, ...OTHERS })) await answers(driver.call, bucket, operation, expected)
    await hasOwner(driver.call, { operation: 'GetBucketAcl', params: { Bucket: bucket } })
    await hasOwner(driver.call, { operation: 'GetObjectAcl', params: { Bucket: bucket, Key: 'a' } })
    for (const [operation, params] of Object.entries(STATED)) await driver.call({ operation, params: { Bucket: bucket, ...params } })
    for (const [operation, params] of Object.entries(REFUSED))
      await expectRefused(() => driver.call({ operation, params: { Bucket: bucket, ...params } }), /NotImplemented|501/, operation)
  },
})

type Call = NonNullable<Driver['call']>

async function answers(call: Call, bucket: string, operation: string, expected: object | RegExp): Promise<void> {
  const calling = () => call({ operation, params: { Bucket: bucket } })
  if (expected instanceof RegExp) await expectRefused(calling, expected, operation)
  else expectEqual(told(await calling()), expected, operation)
}

async function hasOwner(call: Call, what: Parameters<Call>[0]): Promise<void> {
  const { Grants } = (await call(what)) as { Grants?: { Permission: string }[] }
  expectEqual(
    Grants?.map(({ Permission }) => Permission),
    ['FULL_CONTROL'],
    what.operation,
  )
}

/** Without the members that say nothing: clients differ in which of those they show. */
const told = (answer: object) =>
  Object.fromEntries(
    Object.entries(answer).filter(([, value]) => value && JSON.stringify(value) !== '{}' && JSON.stringify(value) !== '[]'),
  )
