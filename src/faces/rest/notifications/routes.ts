import { JurisdictionHeader, Nothing } from '../common-schemas.ts'
import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { deleteNotificationRules, getNotificationRules, listNotificationRules, putNotificationRules } from './operations.ts'
import { DeleteRulesBody, NotificationConfiguration, PutRulesBody, QueueRules } from './schemas.ts'

const CONFIGURATION = `${ACCOUNT}/event_notifications/r2/{bucket_name}/configuration` as const
const QUEUE = `${CONFIGURATION}/queues/{queue_id}` as const

/** Routes for event notification rules. */
export const NOTIFICATION_ROUTES: readonly Route[] = [
  route({
    op: 'ListEventNotificationRules',
    method: 'GET',
    path: CONFIGURATION,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: NotificationConfiguration,
    run: listNotificationRules,
  }),
  route({
    op: 'GetEventNotificationRules',
    method: 'GET',
    path: QUEUE,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: QueueRules,
    run: getNotificationRules,
  }),
  route({
    op: 'PutEventNotificationRules',
    method: 'PUT',
    path: QUEUE,
    needs: 'bucket:write',
    // The rules send messages to a queue that belongs to the account.
    needsOfAccount: 'account:write',
    headers: JurisdictionHeader,
    body: PutRulesBody,
    result: Nothing,
    run: putNotificationRules,
  }),
  route({
    op: 'DeleteEventNotificationRules',
    method: 'DELETE',
    path: QUEUE,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: DeleteRulesBody,
    result: Nothing,
    run: deleteNotificationRules,
  }),
]
