import { rulesOfQueue } from '../../../core/notifications.ts'
import { type Answer, bucketOf, type RestCall } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { type DeleteRulesBody, type NotificationConfiguration, type PutRulesBody, type QueueRules, toQueueRules } from './schemas.ts'

type BucketCall = RestCall<{ params: 'bucket_name'; headers: JurisdictionHeader }>
type QueueCall<Body = unknown> = RestCall<{ params: 'bucket_name' | 'queue_id'; headers: JurisdictionHeader; body: Body }>

export async function listNotificationRules(call: BucketCall): Promise<Answer<NotificationConfiguration>> {
  const queues = await call.store.getSetting(bucketOf(call), 'notifications')
  return { result: { bucketName: call.params.bucket_name, queues: queues.map(toQueueRules) } }
}

export async function getNotificationRules(call: QueueCall): Promise<Answer<QueueRules>> {
  const queues = await call.store.getSetting(bucketOf(call), 'notifications')
  return { result: toQueueRules(rulesOfQueue(queues, call.params.queue_id)) }
}

/** Adds rules. Existing rules stay. */
export async function putNotificationRules(call: QueueCall<PutRulesBody>): Promise<Answer<Record<string, never>>> {
  const { params, body, store, by } = call
  await store.addNotificationRules(bucketOf(call), { queueId: params.queue_id, ...body }, by())
  return { result: {} }
}

export async function deleteNotificationRules(call: QueueCall<DeleteRulesBody>): Promise<Answer<Record<string, never>>> {
  const { params, body, store, by } = call
  await store.removeNotificationRules(bucketOf(call), { queueId: params.queue_id, ...body }, by())
  return { result: {} }
}
