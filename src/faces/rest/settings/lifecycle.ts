import * as z from 'zod'
import { StoreError } from '../../../core/errors.ts'
import { parseIsoDate } from '../../../core/iso-date.ts'
import type { LifecycleCondition, LifecycleRule } from '../../../core/lifecycle.ts'
import { isoTime } from '../common-schemas.ts'
import type { SettingCodec } from './setting-routes.ts'

const AgeCondition = z.object({
  type: z.literal('Age'),
  /** In seconds. wrangler may send fractions of a day. */
  maxAge: z.number().min(0),
})
const DateCondition = z.object({
  type: z.literal('Date'),
  date: z.string().refine((text) => parseIsoDate(text) !== undefined, 'must be a date in ISO 8601'),
})
const Condition = z.discriminatedUnion('type', [AgeCondition, DateCondition])
type Condition = z.output<typeof Condition>

/** Unknown members stay in the rule, because wrangler edits the rules that it reads and sends all of them back. */
const RestLifecycleRule = z.looseObject({
  id: z.string(),
  enabled: z.boolean(),
  /** Strict, unlike the rule: with a misspelt prefix, the rule would delete everything. */
  conditions: z.strictObject({ prefix: z.string().optional() }).default({}),
  deleteObjectsTransition: z.object({ condition: Condition.optional() }).optional(),
  storageClassTransitions: z.array(z.object({ condition: Condition, storageClass: z.literal('InfrequentAccess') })).optional(),
  abortMultipartUploadsTransition: z.object({ condition: AgeCondition.optional() }).optional(),
})
type RestLifecycleRule = z.output<typeof RestLifecycleRule>

export const LifecycleConfiguration = z.object({ rules: z.array(RestLifecycleRule) })

/** Strict: if `rules` is misspelt, the request would replace all existing rules with none. */
export const PutLifecycleBody = z.strictObject({ rules: z.array(RestLifecycleRule).default([]) })

export function fromRest(rule: RestLifecycleRule): LifecycleRule {
  const { id, enabled, conditions, deleteObjectsTransition, storageClassTransitions, abortMultipartUploadsTransition, ...further } = rule
  const expiration = deleteObjectsTransition?.condition
  const abort = abortMultipartUploadsTransition?.condition
  return {
    id,
    enabled,
    prefix: conditions.prefix ?? '',
    ...(expiration && { expiration: fromCondition(expiration) }),
    ...(storageClassTransitions && { transitions: storageClassTransitions.map(({ condition }) => fromCondition(condition)) }),
    ...(abort && { abortAfterSeconds: abort.maxAge }),
    ...(Object.keys(further).length > 0 && { further }),
  }
}

/**
 * Returns a rule as the REST API shows it.
 * @throws StoreError NotImplemented for a rule that filters by tags or sizes. A client that reads all rules and writes them back, as wrangler
 * does, would otherwise make such a rule one for all objects.
 */
export function toRest(rule: LifecycleRule): RestLifecycleRule {
  if (rule.filter === undefined) return shown(rule)
  throw new StoreError('NotImplemented', {
    message: `The lifecycle rule ${JSON.stringify(rule.id)} selects objects by tags or sizes. This API cannot show such a rule. Read and write the rules of this bucket over the S3 API.`,
  })
}

const shown = ({ id, enabled, prefix, expiration, transitions, abortAfterSeconds, further }: LifecycleRule): RestLifecycleRule => ({
  ...further,
  id,
  enabled,
  conditions: prefix === '' ? {} : { prefix },
  ...(expiration && { deleteObjectsTransition: { condition: toCondition(expiration) } }),
  ...(transitions && {
    storageClassTransitions: transitions.map((condition) => ({
      condition: toCondition(condition),
      storageClass: 'InfrequentAccess' as const,
    })),
  }),
  ...(abortAfterSeconds !== undefined && {
    abortMultipartUploadsTransition: { condition: { type: 'Age' as const, maxAge: abortAfterSeconds } },
  }),
})

const fromCondition = (condition: Condition): LifecycleCondition =>
  condition.type === 'Age' ? { ageSeconds: condition.maxAge } : { dateMs: parseIsoDate(condition.date) as number }

const toCondition = (condition: LifecycleCondition): Condition =>
  'dateMs' in condition ? { type: 'Date', date: isoTime(condition.dateMs) } : { type: 'Age', maxAge: condition.ageSeconds }

/** The lifecycle rules of a bucket. R2 has no DELETE for them. */
export const lifecycle: SettingCodec<'lifecycle', typeof LifecycleConfiguration, typeof PutLifecycleBody> = {
  setting: 'lifecycle',
  path: 'lifecycle',
  noun: 'Lifecycle',
  result: LifecycleConfiguration,
  toRest: (rules) => ({ rules: rules.map(toRest) }),
  body: PutLifecycleBody,
  fromRest: ({ rules }) => rules.map(fromRest),
  deletable: false,
}
