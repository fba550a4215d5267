import * as z from 'zod'
import type { QueueInfo } from '../../../queues/queues.ts'
import { PageQuery } from '../common-schemas.ts'

/** A queue as the account's API returns it. If the deployment only has a binding for the queue, we know its name and nothing else. */
export const Queue = z.looseObject({
  queue_id: z.string(),
  queue_name: z.string(),
  producers: z.array(z.unknown()).optional(),
  producers_total_count: z.int().optional(),
  consumers: z.array(z.unknown()).optional(),
  consumers_total_count: z.int().optional(),
})
export type Queue = z.input<typeof Queue>

export const ListQueuesQuery = PageQuery.extend({
  /** The exact name. The parameter may be repeated. */
  name: z.string().optional(),
})
export type ListQueuesQuery = z.output<typeof ListQueuesQuery>

export function toQueue({ id, name, details }: QueueInfo): Queue {
  const bound = { producers: [{ type: 'worker', script: 'cairn' }], producers_total_count: 1, consumers: [], consumers_total_count: 0 }
  return { ...(details ?? bound), queue_id: id, queue_name: name }
}
