import { permits } from '../../../auth/session-scope.ts'
import { invalidArgument, StoreError } from '../../../core/errors.ts'
import type { EventAction, NotificationRule, QueueNotifications } from '../../../core/notifications.ts'
import type { NamedRule } from '../../../store/notification-rules.ts'
import type { BucketCall } from '../call.ts'
import type { Route } from '../route.ts'
import { readXmlBody } from '../upload.ts'
import {
  parseNotificationConfiguration,
  type QueueConfiguration,
  renderNotificationConfiguration,
} from '../xml/notification-configuration.ts'
import { xmlResponse } from '../xml/xml-response.ts'

// The event notification rules of a bucket as S3 spells them. They are the rules of the REST API, and the messages stay R2's.

const CREATED: readonly EventAction[] = ['PutObject', 'CopyObject', 'CompleteMultipartUpload']

/** The actions that each event of S3 stands for. The first event of an action is the one that we write. */
const EVENTS: Readonly<Record<string, readonly EventAction[]>> = {
  's3:ObjectCreated:*': CREATED,
  's3:ObjectCreated:Put': ['PutObject'],
  's3:ObjectCreated:Post': ['PutObject'],
  's3:ObjectCreated:Copy': ['CopyObject'],
  's3:ObjectCreated:CompleteMultipartUpload': ['CompleteMultipartUpload'],
  's3:ObjectRemoved:*': ['DeleteObject'],
  's3:ObjectRemoved:Delete': ['DeleteObject'],
  's3:LifecycleExpiration:*': ['LifecycleDeletion'],
  's3:LifecycleExpiration:Delete': ['LifecycleDeletion'],
}

const OP = { GET: 'GetBucketNotificationConfiguration', PUT: 'PutBucketNotificationConfiguration' } as const

/** Returns the route for one verb, and R2's refusal for strict mode. */
export function notificationRows(verb: keyof typeof OP): Pick<Route, 'op' | 'subresource' | 'refuses' | 'allowance' | 'note' | 'run'>[] {
  const row = { op: OP[verb], subresource: 'notification' }
  const own = verb === 'GET' ? ({ refuses: 'read', run: get } as const) : ({ refuses: 'configure', run: put } as const)
  return [{ ...row, ...own, allowance: 'notificationConfigurations', note: 'queues only' }, row]
}

async function get({ store, bucket, accountId }: BucketCall): Promise<Response> {
  const queues = await store.getSetting(bucket, 'notifications')
  return xmlResponse(renderNotificationConfiguration(queues.flatMap((queue) => toConfigurations(queue, accountId))))
}

/** Replaces all rules. An empty document removes them. */
async function put(call: BucketCall): Promise<Response> {
  const { store, bucket, accountId, identity, by } = call
  const rules = parseNotificationConfiguration(await readXmlBody(call)).map((configuration) => toRule(configuration, accountId))
  // The rules send messages to a queue that belongs to the account, as over REST.
  if (rules.length > 0 && !permits(identity, { needs: 'account:write', action: OP.PUT })) throw new StoreError('AccessDenied')
  await store.replaceNotificationRules(bucket, rules, by()).catch(rethrowInS3sWords)
  return new Response(null)
}

const WORDS: Readonly<Record<string, string>> = {
  QueueNotFound: 'Unable to validate the following destination configurations',
  OverlappingNotificationRule: 'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
}

function rethrowInS3sWords(error: unknown): never {
  if (!(error instanceof StoreError)) throw error
  const message = error.code === 'InvalidNotificationRule' ? error.message : WORDS[error.code]
  throw message === undefined ? error : invalidArgument(message)
}

function toRule({ id, queueArn, events, prefix, suffix }: QueueConfiguration, accountId: string): NamedRule {
  const queueName = queueNameOf(queueArn, accountId)
  const actions = [...new Set(events.flatMap(actionsOf))]
  const isUsual = queueArn === arnOf(queueName, accountId) && sameEvents(events, eventsOf(actions))
  return { ruleId: id, queueName, actions, prefix, suffix, ...(!isUsual && { written: { queueArn, events } }) }
}

function actionsOf(event: string): readonly EventAction[] {
  const actions = Object.hasOwn(EVENTS, event) ? EVENTS[event] : undefined
  if (!actions) throw invalidArgument(`The event '${event}' is not supported for notifications`)
  return actions
}

const arnOf = (queueName: string, accountId: string): string => `arn:aws:sqs:auto:${accountId}:${queueName}`

/** Queues have no region, so any region will do. The account may be left out: some tools accept only the form of AWS's account ids. */
function queueNameOf(arn: string, accountId: string): string {
  const [scheme, partition = '', service, , account, name, ...more] = arn.split(':')
  const isQueue = scheme === 'arn' && partition.startsWith('aws') && service === 'sqs' && more.length === 0
  if (!isQueue || !name) throw invalidArgument('The ARN is not well formed')
  if (account !== '' && account !== accountId) throw invalidArgument(WORDS.QueueNotFound!)
  return name
}

function toConfigurations({ queueName, rules }: QueueNotifications, accountId: string): QueueConfiguration[] {
  return rules.map((rule: NotificationRule) => {
    const { ruleId: id, prefix, suffix, actions, written } = rule
    return { id, prefix, suffix, queueArn: written?.queueArn ?? arnOf(queueName, accountId), events: written?.events ?? eventsOf(actions) }
  })
}

/** The usual names of events: one for all creations, or one each. */
function eventsOf(actions: readonly EventAction[]): string[] {
  const isAll = CREATED.every((action) => actions.includes(action))
  const others = isAll ? actions.filter((action) => !CREATED.includes(action)) : actions
  const names = others.map((action) => Object.keys(EVENTS).find((event) => EVENTS[event]!.length === 1 && EVENTS[event]![0] === action)!)
  return isAll ? ['s3:ObjectCreated:*', ...names] : names
}

const sameEvents = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((event) => b.includes(event))
