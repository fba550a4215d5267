import { StoreError } from '../../../core/errors.ts'
import type { Answer, RestCall } from '../call.ts'
import { pageInfo } from '../common-schemas.ts'
import { type ListQueuesQuery, type Queue, toQueue } from './schemas.ts'

/** Lists the queues with exactly these names: wrangler takes the first queue of the answer. */
export async function listQueues({ queues, query, url }: RestCall<{ query: ListQueuesQuery }>): Promise<Answer<Queue[]>> {
  const names = url.searchParams.getAll('name')
  const all = await queues.list(names.length > 0 ? names : undefined)
  const page = all.slice((query.page - 1) * query.per_page, query.page * query.per_page)
  return { result: page.map(toQueue), info: pageInfo(query, page.length, all.length) }
}

export async function getQueue({ queues, params }: RestCall<{ params: 'queue_id' }>): Promise<Answer<Queue>> {
  const queue = await queues.find(params.queue_id)
  if (queue === null) throw new StoreError('QueueNotFound')
  return { result: toQueue(queue) }
}

/** Forwards a request to the account's own API. Checks that the path has only ids, because the request is sent with a token of the account. */
export async function forwardToQueues({ queues, request, url, params, body }: RestCall): Promise<Response> {
  const { account_id: _, ...ids } = params as Record<string, string>
  if (!Object.values(ids).every((id) => /^[0-9a-f]{32}$/.test(id))) throw new StoreError('QueueNotFound')
  return queues.forward(request.method, url.pathname.slice(url.pathname.indexOf(QUEUES) + QUEUES.length), body)
}

const QUEUES = '/queues'
