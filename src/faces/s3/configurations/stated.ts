import { type ErrorCode, headerNotImplemented, notImplemented, StoreError } from '../../../core/errors.ts'
import type { BucketCall, ObjectCall, S3Call } from '../call.ts'
import type { Level, Route } from '../route.ts'
import { readXmlBody } from '../upload.ts'
import { renderAccessControlPolicy } from '../xml/access-control-policy.ts'
import {
  renderAccelerateConfiguration,
  renderBucketLoggingStatus,
  renderEmptyList,
  renderOwnershipControls,
  renderPublicAccessBlock,
  renderRequestPaymentConfiguration,
  statesNoAcceleration,
  statesNoLogging,
  statesNoPublicAccess,
  statesOwnerOwns,
  statesOwnerPays,
  statesPrivateAcl,
} from '../xml/stated-configurations.ts'
import { xmlResponse } from '../xml/xml-response.ts'
import type { Verb } from './configuration.ts'

// Configurations that tools read and that are the same for every bucket: nothing is stored. A PUT succeeds if it asks for what is so
// already; any other PUT would change something, and gets R2's 501.

type Run = (call: ObjectCall) => Promise<Response>
interface More {
  readonly note?: string
  /** R2 does not even have a 501 for it. */
  readonly unknownToR2?: true
}
type Row = Pick<Route, 'op' | 'subresource' | 'refuses' | 'allowance' | 'note' | 'run'>

/** Makes sure that the bucket exists, or the object on the level of objects. The binding's form of HEAD needs no customer's key. */
async function mustExist({ store, bucket, at }: BucketCall & Partial<ObjectCall>): Promise<void> {
  if (at) await store.headObject(at, { dialect: 'binding' })
  else await store.headBucket(bucket)
}

/** A document that is the same for every bucket. */
const shows =
  (render: (accountId: string) => string): Run =>
  async (call) => {
    await mustExist(call)
    return xmlResponse(render(call.accountId))
  }

/** A configuration that no bucket has. */
const lacks =
  (code: ErrorCode): Run =>
  async (call) => {
    await mustExist(call)
    throw new StoreError(code)
  }

/** A list of configurations, each with an id: no bucket has one. */
const lists =
  (root: string): Run =>
  async (call) => {
    await mustExist(call)
    if (call.url.searchParams.has('id')) throw new StoreError('NoSuchConfiguration')
    return xmlResponse(renderEmptyList(root))
  }

/** A PUT that changes nothing. */
const states =
  (op: string, isSo: (body: Uint8Array) => boolean): Run =>
  async (call) => {
    if (!isSo(await readXmlBody(call))) throw notImplemented(op)
    await mustExist(call)
    return new Response(null)
  }

/** PUT of an access control list: a canned one in a header, or a document. */
const statesAcl =
  (op: string): Run =>
  async (call) => {
    const canned = cannedAcl(call)
    const isSo = canned === null ? statesPrivateAcl(await readXmlBody(call), call.accountId) : OWNERS_ACLS.includes(canned)
    if (!isSo) throw notImplemented(op)
    await mustExist(call)
    return new Response(null)
  }

const OWNERS_ACLS = ['private', 'bucket-owner-full-control']

/** @throws StoreError NotImplemented for a grant in a header: whom would it name beside the owner? */
function cannedAcl({ headers }: S3Call): string | null {
  for (const [name, value] of headers) if (name.startsWith('x-amz-grant-')) throw headerNotImplemented(name, value)
  return headers.get('x-amz-acl')
}

/** DELETE of a configuration that no bucket has. */
const removes: Run = async (call) => {
  await mustExist(call)
  return new Response(null, { status: 204 })
}

/** The columns of each level and verb: the subresource, the operation's name in the S3 API reference, and the function. */
const TABLE: Readonly<Record<Exclude<Level, 'account'>, Readonly<Record<Verb, readonly (readonly [string, string, Run, More?])[]>>>> = {
  bucket: {
    GET: [
      ['policy', 'GetBucketPolicy', lacks('NoSuchBucketPolicy'), { note: 'always none' }],
      // R2's own spelling of the name.
      ['policyStatus', 'GetGetBucketPolicyStatus', lacks('NoSuchBucketPolicy'), { note: 'always none; R2 spells it so' }],
      ['website', 'GetBucketWebsite', lacks('NoSuchWebsiteConfiguration'), { note: 'always none' }],
      ['requestPayment', 'GetBucketRequestPayment', shows(renderRequestPaymentConfiguration), { note: 'always `BucketOwner`' }],
      ['logging', 'GetBucketLogging', shows(renderBucketLoggingStatus), { note: 'always none' }],
      ['accelerate', 'GetBucketAccelerateConfiguration', shows(renderAccelerateConfiguration), { note: 'always none' }],
      ['publicAccessBlock', 'GetPublicAccessBlock', shows(renderPublicAccessBlock), { note: 'always all four' }],
      ['ownershipControls', 'GetBucketOwnershipControls', shows(renderOwnershipControls), { note: 'always `BucketOwnerEnforced`' }],
      [
        'intelligent-tiering',
        'GetBucketIntelligentTieringConfiguration',
        lists('ListBucketIntelligentTieringConfigurationsOutput'),
        { note: 'always none, also as a list' },
      ],
      ['inventory', 'GetBucketInventoryConfiguration', lists('ListInventoryConfigurationsResult'), { note: 'always none, also as a list' }],
      ['metrics', 'GetBucketMetricsConfiguration', lists('ListMetricsConfigurationsResult'), { note: 'always none, also as a list' }],
      [
        'analytics',
        'GetBucketAnalyticsConfiguration',
        lists('ListBucketAnalyticsConfigurationResult'),
        { note: 'always none, also as a list' },
      ],
    ],
    PUT: [
      [
        'accelerate',
        'PutBucketAccelerateConfiguration',
        states('PutBucketAccelerateConfiguration', statesNoAcceleration),
        only('Suspended'),
      ],
      ['acl', 'PutBucketAcl', statesAcl('PutBucketAcl'), only('private')],
      ['logging', 'PutBucketLogging', states('PutBucketLogging', statesNoLogging), { note: 'an empty document; else 501' }],
      [
        'ownershipControls',
        'PutBucketOwnershipControls',
        states('PutBucketOwnershipControls', statesOwnerOwns),
        only('BucketOwnerEnforced'),
      ],
      ['publicAccessBlock', 'PutPublicAccessBlock', states('PutPublicAccessBlock', statesNoPublicAccess), { note: 'all four; else 501' }],
      ['requestPayment', 'PutBucketRequestPayment', states('PutBucketRequestPayment', statesOwnerPays), only('BucketOwner')],
    ],
    DELETE: [
      ['analytics', 'DeleteBucketAnalyticsConfiguration', removes],
      ['intelligent-tiering', 'DeleteBucketIntelligentTieringConfiguration', removes],
      ['inventory', 'DeleteBucketInventoryConfiguration', removes],
      ['metrics', 'DeleteBucketMetricsConfiguration', lacks('NoSuchConfiguration'), { note: 'always 404, as on S3' }],
      // Nobody can remove what GET shows. Terraform waits after a 204 until GET is a 404, and takes this 404 as done.
      ['ownershipControls', 'DeleteBucketOwnershipControls', lacks('OwnershipControlsNotFoundError'), { note: 'always 404' }],
      [
        'publicAccessBlock',
        'DeletePublicAccessBlock',
        lacks('NoSuchPublicAccessBlockConfiguration'),
        { note: 'always 404', unknownToR2: true },
      ],
      ['policy', 'DeleteBucketPolicy', removes],
      ['replication', 'DeleteBucketReplication', removes],
      ['website', 'DeleteBucketWebsite', removes],
    ],
  },
  object: {
    GET: [['acl', 'GetObjectAcl', shows(renderAccessControlPolicy), { note: 'always private' }]],
    PUT: [['acl', 'PutObjectAcl', statesAcl('PutObjectAcl'), only('private')]],
    DELETE: [],
  },
}

function only(value: string): More {
  return { note: `\`${value}\`; else 501` }
}

const REFUSES = { GET: 'read', PUT: 'configure', DELETE: 'read' } as const

/** Returns the routes of these configurations for one level and one verb; each is followed by R2's refusal, for strict mode. */
export const statedRows = (on: Exclude<Level, 'account'>, verb: Verb): Row[] =>
  TABLE[on][verb].flatMap(([subresource, op, run, { note, unknownToR2 } = {}]) => {
    const row: Row = { subresource, op, refuses: REFUSES[verb], allowance: 'bucketStatements', note, run }
    return unknownToR2 ? [row] : [row, { subresource, op }]
  })
