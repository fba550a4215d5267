import {
  DeleteBucketInventoryConfigurationCommand,
  DeleteBucketMetricsConfigurationCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeleteBucketReplicationCommand,
  DeleteBucketWebsiteCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAccelerateConfigurationCommand,
  GetBucketAclCommand,
  GetBucketInventoryConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketRequestPaymentCommand,
  GetBucketWebsiteCommand,
  GetObjectAclCommand,
  GetPublicAccessBlockCommand,
  ListBucketAnalyticsConfigurationsCommand,
  ListBucketIntelligentTieringConfigurationsCommand,
  ListBucketInventoryConfigurationsCommand,
  ListBucketMetricsConfigurationsCommand,
  type ObjectCannedACL,
  PutBucketAccelerateConfigurationCommand,
  PutBucketAclCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketRequestPaymentCommand,
  PutObjectAclCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { describe, expect, inject, test } from 'vitest'
import { expectError, expectHeaderNotImplemented, expectNoSuchBucket, expectNoSuchKey } from './support/answers.ts'
import { signedFetch, uniqueName } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'

// What tools read of a bucket where nothing is configured, and what they may state because it is so already.

const bucket = lentBucket()
type Command = Parameters<S3Client['send']>[0]
const send = (command: unknown) => bucket.s3.send(command as Command) as unknown as Promise<Record<string, unknown>>
const ALL_BLOCKED = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true }

/** The answer of a success, without what every answer has. */
async function answerOf(command: unknown): Promise<Record<string, unknown>> {
  const { $metadata, ...answer } = await send(command)
  return { status: ($metadata as { httpStatusCode: number }).httpStatusCode, ...answer }
}

const refusalOf = async (command: unknown): Promise<unknown[]> =>
  send(command).then(
    () => ['no refusal'],
    (error) => [error.$metadata.httpStatusCode, error.name],
  )

const owner = () => {
  const { accountId } = inject('server')
  return { ID: accountId, DisplayName: accountId }
}
const put = (query: string, body: string, headers: Record<string, string> = {}) =>
  signedFetch('PUT', `/${bucket.name}`, { query: { [query]: '' }, body: Buffer.from(body), headers })

describe('of a bucket where nothing is configured', () => {
  test.each<[string, (Bucket: string) => unknown, Record<string, unknown>]>([
    ['accelerate', (Bucket) => new GetBucketAccelerateConfigurationCommand({ Bucket }), {}],
    ['request payment', (Bucket) => new GetBucketRequestPaymentCommand({ Bucket }), { Payer: 'BucketOwner' }],
    ['logging', (Bucket) => new GetBucketLoggingCommand({ Bucket }), {}],
    [
      'ownership controls',
      (Bucket) => new GetBucketOwnershipControlsCommand({ Bucket }),
      { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } },
    ],
    ['public access block', (Bucket) => new GetPublicAccessBlockCommand({ Bucket }), { PublicAccessBlockConfiguration: ALL_BLOCKED }],
    ['inventory', (Bucket) => new ListBucketInventoryConfigurationsCommand({ Bucket }), { IsTruncated: false }],
    ['metrics', (Bucket) => new ListBucketMetricsConfigurationsCommand({ Bucket }), { IsTruncated: false }],
    ['analytics', (Bucket) => new ListBucketAnalyticsConfigurationsCommand({ Bucket }), { IsTruncated: false }],
    ['intelligent tiering', (Bucket) => new ListBucketIntelligentTieringConfigurationsCommand({ Bucket }), { IsTruncated: false }],
  ])('the SDK reads: %s', async (_, make, expected) => {
    expect(await answerOf(make(bucket.name))).toEqual({ status: 200, ...expected })
    expect(await refusalOf(make(uniqueName('nowhere')))).toEqual([404, 'NoSuchBucket'])
  })

  test.each<[string, (Bucket: string) => unknown, unknown[]]>([
    ['policy', (Bucket) => new GetBucketPolicyCommand({ Bucket }), [404, 'NoSuchBucketPolicy']],
    ['policy status', (Bucket) => new GetBucketPolicyStatusCommand({ Bucket }), [404, 'NoSuchBucketPolicy']],
    ['website', (Bucket) => new GetBucketWebsiteCommand({ Bucket }), [404, 'NoSuchWebsiteConfiguration']],
    ['one inventory', (Bucket) => new GetBucketInventoryConfigurationCommand({ Bucket, Id: 'daily' }), [404, 'NoSuchConfiguration']],
  ])('the SDK learns that it has none: %s', async (_, make, expected) => {
    expect(await refusalOf(make(bucket.name))).toEqual(expected)
    expect(await refusalOf(make(uniqueName('nowhere')))).toEqual([404, 'NoSuchBucket'])
  })

  test.each<[string, (Bucket: string) => unknown, unknown]>([
    ['policy', (Bucket) => new DeleteBucketPolicyCommand({ Bucket }), { status: 204 }],
    ['website', (Bucket) => new DeleteBucketWebsiteCommand({ Bucket }), { status: 204 }],
    ['replication', (Bucket) => new DeleteBucketReplicationCommand({ Bucket }), { status: 204 }],
    ['inventory', (Bucket) => new DeleteBucketInventoryConfigurationCommand({ Bucket, Id: 'daily' }), { status: 204 }],
  ])('a DELETE is done already: %s', async (_, make, expected) => {
    expect(await answerOf(make(bucket.name))).toEqual(expected)
    expect((await bucket.head('')).status).toBe(200)
    expect(await refusalOf(make(uniqueName('nowhere')))).toEqual([404, 'NoSuchBucket'])
  })

  test('a DELETE of what nobody can remove says that nothing was configured', async () => {
    const Bucket = bucket.name
    expect(await refusalOf(new DeletePublicAccessBlockCommand({ Bucket }))).toEqual([404, 'NoSuchPublicAccessBlockConfiguration'])
    expect(await refusalOf(new DeleteBucketOwnershipControlsCommand({ Bucket }))).toEqual([404, 'OwnershipControlsNotFoundError'])
    expect(await refusalOf(new DeleteBucketMetricsConfigurationCommand({ Bucket, Id: 'all' }))).toEqual([404, 'NoSuchConfiguration'])
  })
})

describe('a PUT of what is so already succeeds, any other is 501', () => {
  const acl = (permission: string, id = owner().ID) =>
    `<AccessControlPolicy><Owner><ID>${id}</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${id}</ID></Grantee><Permission>${permission}</Permission></Grant></AccessControlList></AccessControlPolicy>`

  test.each<[string, (Bucket: string) => unknown]>([
    [
      'acceleration is suspended',
      (Bucket) => new PutBucketAccelerateConfigurationCommand({ Bucket, AccelerateConfiguration: { Status: 'Suspended' } }),
    ],
    ['the owner pays', (Bucket) => new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer: 'BucketOwner' } })],
    ['no logging', (Bucket) => new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} })],
    [
      'the owner owns',
      (Bucket) =>
        new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } }),
    ],
    ['all blocked', (Bucket) => new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: ALL_BLOCKED })],
    ['a private ACL', (Bucket) => new PutBucketAclCommand({ Bucket, ACL: 'private' })],
  ])('%s', async (_, make) => {
    expect(await answerOf(make(bucket.name))).toEqual({ status: 200 })
    expect(await refusalOf(make(uniqueName('nowhere')))).toEqual([404, 'NoSuchBucket'])
  })

  test('what GetBucketAcl and GetObjectAcl show can be put back', async () => {
    await bucket.put('listed', 'x')
    const expected = { Owner: owner(), Grants: [{ Grantee: { Type: 'CanonicalUser', ...owner() }, Permission: 'FULL_CONTROL' }] }
    const { Owner, Grants } = (await answerOf(new GetBucketAclCommand({ Bucket: bucket.name }))) as typeof expected
    expect({ Owner, Grants }).toEqual(expected)
    const AccessControlPolicy = { Owner, Grants } as never
    expect(await answerOf(new PutBucketAclCommand({ Bucket: bucket.name, AccessControlPolicy }))).toEqual({ status: 200 })
    const at = { Bucket: bucket.name, Key: 'listed' }
    expect(await answerOf(new GetObjectAclCommand(at))).toMatchObject(expected)
    expect(await answerOf(new PutObjectAclCommand({ ...at, AccessControlPolicy }))).toEqual({ status: 200 })
  })

  test.each(['private', 'bucket-owner-full-control'] as ObjectCannedACL[])('an object may be said to be %s', async (ACL) => {
    await bucket.put('canned', 'kept')
    expect(await answerOf(new PutObjectAclCommand({ Bucket: bucket.name, Key: 'canned', ACL }))).toEqual({ status: 200 })
    expect(await (await bucket.get('canned')).text()).toBe('kept')
    await expectNoSuchKey(await bucket.send('PUT', 'missing', { query: { acl: '' }, headers: { 'x-amz-acl': ACL } }))
    await expectNoSuchKey(await bucket.send('GET', 'missing', { query: { acl: '' } }))
  })

  test.each(['public-read', 'public-read-write', 'authenticated-read'])('%s would change something', async (name) => {
    await bucket.put('canned', 'kept')
    const headers = { 'x-amz-acl': name }
    await expectError(await put('acl', '', headers), 501, 'NotImplemented', 'PutBucketAcl not implemented')
    const response = await bucket.send('PUT', 'canned', { query: { acl: '' }, headers })
    await expectError(response, 501, 'NotImplemented', 'PutObjectAcl not implemented')
    expect(await (await bucket.get('canned')).text()).toBe('kept')
  })

  test('a grant in a header is refused', async () => {
    await expectHeaderNotImplemented(await put('acl', '', { 'x-amz-grant-read': 'id="1"' }), 'x-amz-grant-read', 'id="1"')
  })

  test.each<[string, string, string]>([
    ['accelerate', '<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>', 'PutBucketAccelerateConfiguration'],
    ['requestPayment', '<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>', 'PutBucketRequestPayment'],
    [
      'logging',
      '<BucketLoggingStatus><LoggingEnabled><TargetBucket>a</TargetBucket><TargetPrefix/></LoggingEnabled></BucketLoggingStatus>',
      'PutBucketLogging',
    ],
    [
      'ownershipControls',
      '<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>',
      'PutBucketOwnershipControls',
    ],
    ['publicAccessBlock', '<PublicAccessBlockConfiguration/>', 'PutPublicAccessBlock'],
    [
      'publicAccessBlock',
      `<PublicAccessBlockConfiguration>${Object.keys(ALL_BLOCKED)
        .map((flag, n) => `<${flag}>${n > 0}</${flag}>`)
        .join('')}</PublicAccessBlockConfiguration>`,
      'PutPublicAccessBlock',
    ],
    ['acl', acl('READ'), 'PutBucketAcl'],
    ['acl', acl('FULL_CONTROL', 'somebody'), 'PutBucketAcl'],
  ])('?%s: %s', async (query, body, op) => {
    await expectError(await put(query, body), 501, 'NotImplemented', `${op} not implemented`)
  })

  test.each([
    ['accelerate', '<AccelerateConfiguration/>'],
    ['accelerate', '<AccelerateConfiguration><Status>On</Status></AccelerateConfiguration>'],
    ['requestPayment', '<RequestPaymentConfiguration><Payer>me</Payer></RequestPaymentConfiguration>'],
    ['logging', '<BucketLoggingStatus><Other/></BucketLoggingStatus>'],
    ['ownershipControls', '<OwnershipControls/>'],
    ['ownershipControls', '<OwnershipControls><Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule></OwnershipControls>'],
    ['publicAccessBlock', '<PublicAccessBlockConfiguration><BlockPublicAcls>yes</BlockPublicAcls></PublicAccessBlockConfiguration>'],
    ['acl', ''],
    ['acl', '<AccessControlPolicy/>'],
    ['acl', 'nonsense'],
  ])('?%s refuses what S3 would: %s', async (query, body) => {
    const text = 'The XML you provided was not well formed or did not validate against our published schema.'
    await expectError(await put(query, body), 400, 'MalformedXML', text)
  })

  test('a bucket that does not exist', async () => {
    const response = await signedFetch('PUT', `/${uniqueName('nowhere')}`, { query: { acl: '' }, headers: { 'x-amz-acl': 'private' } })
    await expectNoSuchBucket(response)
  })
})
