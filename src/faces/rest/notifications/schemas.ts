import * as z from 'zod'
import { EVENT_ACTIONS, type NotificationRule, type QueueNotifications } from '../../../core/notifications.ts'
import { isoTime, Timestamp } from '../common-schemas.ts'

const Actions = z.array(z.enum(EVENT_ACTIONS, { error: 'InvalidNotificationRule' }))

const Rule = z.object({
  ruleId: z.string(),
  createdAt: Timestamp,
  prefix: z.string(),
  suffix: z.string(),
  actions: Actions,
  description: z.string().optional(),
})

export const QueueRules = z.object({ queueId: z.string(), queueName: z.string(), rules: z.array(Rule) })
export type QueueRules = z.input<typeof QueueRules>

export const NotificationConfiguration = z.object({ bucketName: z.string(), queues: z.array(QueueRules) })
export type NotificationConfiguration = z.input<typeof NotificationConfiguration>

/** Strict: a misspelt prefix would send events for every key to the queue. */
export const PutRulesBody = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        prefix: z.string().optional(),
        suffix: z.string().optional(),
        actions: Actions,
        description: z.string().optional(),
      }),
    )
    .default([]),
})
export type PutRulesBody = z.output<typeof PutRulesBody>

/** Without a body, or without ids, the request deletes all rules of the queue; with an empty list, none. */
export const DeleteRulesBody = z.strictObject({ ruleIds: z.array(z.string()).optional() }).optional()
export type DeleteRulesBody = z.output<typeof DeleteRulesBody>

export const toQueueRules = ({ queueId, queueName, rules }: QueueNotifications): QueueRules => ({
  queueId,
  queueName,
  rules: rules.map(toRule),
})

const toRule = ({ ruleId, createdMs, prefix, suffix, actions, description }: NotificationRule): z.input<typeof Rule> => ({
  ruleId,
  createdAt: isoTime(createdMs),
  prefix,
  suffix,
  actions: [...actions],
  description,
})
