import * as z from 'zod'
import { PageInfo } from '../common-schemas.ts'
import { ACCOUNT } from '../paths.ts'
import { type Method, type Route, route } from '../route.ts'
import { forwardToQueues, getQueue, listQueues } from './operations.ts'
import { ListQueuesQuery, Queue } from './schemas.ts'

const QUEUES = `${ACCOUNT}/queues` as const
const QUEUE = `${QUEUES}/{queue_id}` as const
const CONSUMER = `${QUEUE}/consumers/{consumer_id}`

/** Operations that we forward to the account's own API. */
const FORWARDED: readonly (readonly [op: string, method: Method, path: string])[] = [
  ['CreateQueue', 'POST', QUEUES],
  ['UpdateQueue', 'PUT', QUEUE],
  ['EditQueue', 'PATCH', QUEUE],
  ['DeleteQueue', 'DELETE', QUEUE],
  ['GetQueueMetrics', 'GET', `${QUEUE}/metrics`],
  ['GetQueuePurge', 'GET', `${QUEUE}/purge`],
  ['PurgeQueue', 'POST', `${QUEUE}/purge`],
  ['ListQueueConsumers', 'GET', `${QUEUE}/consumers`],
  ['CreateQueueConsumer', 'POST', `${QUEUE}/consumers`],
  ['GetQueueConsumer', 'GET', CONSUMER],
  ['UpdateQueueConsumer', 'PUT', CONSUMER],
  ['DeleteQueueConsumer', 'DELETE', CONSUMER],
  ['PushMessage', 'POST', `${QUEUE}/messages`],
  ['PushMessages', 'POST', `${QUEUE}/messages/batch`],
  ['PullMessages', 'POST', `${QUEUE}/messages/pull`],
  ['AcknowledgeMessages', 'POST', `${QUEUE}/messages/ack`],
  ['PeekMessages', 'POST', `${QUEUE}/messages/peek`],
  ['PurgeMessages', 'POST', `${QUEUE}/messages/purge`],
]

/** Routes for the queues that can receive events. Queues belong to the account, so a change needs a token for the whole account. */
export const QUEUE_ROUTES: readonly Route[] = [
  route({
    op: 'ListQueues',
    method: 'GET',
    path: QUEUES,
    needs: 'account:list',
    query: ListQueuesQuery,
    result: z.array(Queue),
    info: PageInfo,
    run: listQueues,
  }),
  route({ op: 'GetQueue', method: 'GET', path: QUEUE, needs: 'account:list', result: Queue, run: getQueue }),
  ...FORWARDED.map(([op, method, path]) =>
    route({
      op,
      method,
      path,
      needs: method === 'GET' ? 'account:list' : 'account:write',
      ...(method === 'GET' ? {} : { body: z.unknown() }),
      raw: 'application/json',
      run: forwardToQueues,
    }),
  ),
]
