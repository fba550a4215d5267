import {
  type Event,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { expectError } from './support/answers.ts'
import { signedFetch } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { cloudflare, rest } from './support/rest.ts'

// Event notification rules in S3's words, for the queue that wrangler.jsonc declares.

const bucket = lentBucket()
const arn = (name = 'cairn-events', account = inject('server').accountId, region = 'auto') => `arn:aws:sqs:${region}:${account}:${name}`

const write = (NotificationConfiguration: NotificationConfiguration) =>
  bucket.s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: bucket.name, NotificationConfiguration }))
const read = async () => {
  const { $metadata, ...answer } = await bucket.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: bucket.name }))
  return answer
}
const put = (body: string) => signedFetch('PUT', `/${bucket.name}`, { query: { notification: '' }, body: Buffer.from(body) })
const configuration = (content: string) => `<NotificationConfiguration>${content}</NotificationConfiguration>`
const queue = (content: string) => configuration(`<QueueConfiguration>${content}</QueueConfiguration>`)

interface Rule {
  readonly ruleId: string
  readonly createdAt: string
  readonly description?: string
}
const overRest = async () => {
  const { result } = await rest<{ queues: { queueName: string; rules: Rule[] }[] }>(
    'GET',
    `/accounts/{account}/event_notifications/r2/${bucket.name}/configuration`,
  )
  return result.queues
}

beforeEach(() => write({}))
afterAll(() => write({}))

describe('what is written', () => {
  test('is read again, and is a rule over REST', async () => {
    expect(await read()).toEqual({})
    const Filter = {
      Key: {
        FilterRules: [
          { Name: 'prefix' as const, Value: 'img/' },
          { Name: 'suffix' as const, Value: '.png' },
        ],
      },
    }
    const first = { Id: 'images', QueueArn: arn(), Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] as Event[], Filter }
    const second = { Id: 'logs', QueueArn: arn(), Events: ['s3:LifecycleExpiration:*'] as Event[] }
    await write({ QueueConfigurations: [first, second] })
    expect(await read()).toEqual({ QueueConfigurations: [first, second] })
    const actions = ['PutObject', 'CopyObject', 'CompleteMultipartUpload', 'DeleteObject']
    expect(await overRest()).toMatchObject([
      {
        queueName: 'cairn-events',
        rules: [
          { ruleId: 'images', prefix: 'img/', suffix: '.png', actions },
          { ruleId: 'logs', prefix: '', suffix: '', actions: ['LifecycleDeletion'] },
        ],
      },
    ])
  })

  test.each<[string, Event[]]>([
    ['arn:aws:sqs:::cairn-events', ['s3:ObjectCreated:*']],
    ['arn:aws:sqs:us-east-1::cairn-events', ['s3:ObjectCreated:*']],
    ['own', ['s3:ObjectCreated:Put', 's3:ObjectCreated:Post', 's3:ObjectCreated:Copy', 's3:ObjectCreated:CompleteMultipartUpload']],
    ['own', ['s3:ObjectRemoved:Delete', 's3:LifecycleExpiration:Delete']],
    ['own', ['s3:ObjectCreated:Copy']],
    ['own', ['s3:ObjectRemoved:*', 's3:ObjectCreated:*']],
  ])('keeps the words of the client: %s %j', async (queueArn, Events) => {
    const one = { Id: 'words', QueueArn: queueArn === 'own' ? arn() : queueArn, Events }
    await write({ QueueConfigurations: [one] })
    const { QueueConfigurations } = await read()
    expect(QueueConfigurations).toEqual([{ ...one, Events: expect.arrayContaining(Events) }])
    expect(QueueConfigurations![0]!.Events).toHaveLength(Events.length)
  })

  test('gets an id where it has none', async () => {
    await write({ QueueConfigurations: [{ QueueArn: arn(), Events: ['s3:ObjectCreated:Put'] }] })
    const { QueueConfigurations } = await read()
    expect(QueueConfigurations).toEqual([
      { Id: expect.stringMatching(/^[0-9a-f-]{36}$/), QueueArn: arn(), Events: ['s3:ObjectCreated:Put'] },
    ])
  })

  test('replaces everything; a rule of REST that is written back keeps its time and its description', async () => {
    const { accountId } = inject('server')
    const [{ queue_id: queueId }] = (await cloudflare().queues.list({ account_id: accountId })).result as { queue_id: string }[] as [
      { queue_id: string },
    ]
    const rules = [
      { actions: ['PutObject', 'DeleteObject'], prefix: 'a/', description: 'kept' },
      { actions: ['PutObject'], prefix: 'b/' },
    ]
    await rest('PUT', `/accounts/{account}/event_notifications/r2/${bucket.name}/configuration/queues/${queueId}`, { body: { rules } })
    const [before] = await overRest()
    const { QueueConfigurations } = await read()
    expect(QueueConfigurations).toMatchObject([
      { Events: ['s3:ObjectCreated:Put', 's3:ObjectRemoved:*'] },
      { Events: ['s3:ObjectCreated:Put'] },
    ])
    await write({ QueueConfigurations: QueueConfigurations!.slice(0, 1) })
    expect(await overRest()).toEqual([{ ...before, rules: before!.rules.slice(0, 1) }])
    await write({})
    expect([await read(), await overRest()]).toEqual([{}, []])
  })
})

describe('is refused, and changes nothing', () => {
  const EVENT = '<Event>s3:ObjectCreated:Put</Event>'
  const own = () => `<Queue>${arn()}</Queue>`
  const UNKNOWN = 'Unable to validate the following destination configurations'

  test.each<[string, () => string, string]>([
    ['a topic', () => configuration('<TopicConfiguration/>'), `${UNKNOWN}: TopicConfiguration. Only queues can be notified.`],
    [
      'a function',
      () => configuration('<CloudFunctionConfiguration/>'),
      `${UNKNOWN}: CloudFunctionConfiguration. Only queues can be notified.`,
    ],
    ['a bus', () => configuration('<EventBridgeConfiguration/>'), `${UNKNOWN}: EventBridgeConfiguration. Only queues can be notified.`],
    ['a queue that does not exist', () => queue(`<Queue>${arn('nope')}</Queue>${EVENT}`), UNKNOWN],
    ['a queue of another account', () => queue(`<Queue>${arn('cairn-events', '111122223333')}</Queue>${EVENT}`), UNKNOWN],
    ['another service', () => queue(`<Queue>arn:aws:sns:auto::cairn-events</Queue>${EVENT}`), 'The ARN is not well formed'],
    ['no ARN', () => queue(`<Queue>cairn-events</Queue>${EVENT}`), 'The ARN is not well formed'],
    [
      'an event that R2 lacks',
      () => queue(`${own()}<Event>s3:ObjectTagging:*</Event>`),
      "The event 's3:ObjectTagging:*' is not supported for notifications",
    ],
    [
      'a name of the prototype',
      () => queue(`${own()}<Event>constructor</Event>`),
      "The event 'constructor' is not supported for notifications",
    ],
    [
      'the same id twice',
      () => configuration(`<QueueConfiguration><Id>a</Id>${own()}${EVENT}</QueueConfiguration>`.repeat(2)),
      'Same ID used for multiple configurations. IDs must be unique',
    ],
    [
      'two rules for one event',
      () => configuration(`<QueueConfiguration>${own()}${EVENT}</QueueConfiguration>`.repeat(2)),
      'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
    ],
    [
      'another filter',
      () => queue(`${own()}${EVENT}<Filter><S3Key><FilterRule><Name>size</Name><Value>1</Value></FilterRule></S3Key></Filter>`),
      'filter rule name must be either prefix or suffix',
    ],
    [
      'two prefixes',
      () =>
        queue(
          `${own()}${EVENT}<Filter><S3Key>${'<FilterRule><Name>prefix</Name><Value>a</Value></FilterRule>'.repeat(2)}</S3Key></Filter>`,
        ),
      'Cannot specify more than one prefix rule in a filter.',
    ],
  ])('%s', async (_, make, message) => {
    const kept = { Id: 'kept', QueueArn: arn(), Events: ['s3:ObjectCreated:*'] as Event[] }
    await write({ QueueConfigurations: [kept] })
    await expectError(await put(make()), 400, 'InvalidArgument', message)
    expect(await read()).toEqual({ QueueConfigurations: [kept] })
  })

  test.each([
    ['nothing', () => ''],
    ['another root', () => '<Notifications/>'],
    ['an unknown element', () => configuration('<Queue/>')],
    ['no event', () => queue(own())],
    ['no queue', () => queue(EVENT)],
    ['an unknown element in a rule', () => queue(`${own()}${EVENT}<Other/>`)],
  ])('%s', async (_, make) => {
    const text = 'The XML you provided was not well formed or did not validate against our published schema.'
    await expectError(await put(make()), 400, 'MalformedXML', text)
  })
})
