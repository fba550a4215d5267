import * as z from 'zod'
import { CORS_METHODS, type CorsRule, checkCorsRules } from '../../../core/cors.ts'
import { outcomeOf } from '../../../core/outcome.ts'

const RestCorsRule = z.strictObject({
  id: z.string().optional(),
  allowed: z.strictObject({
    origins: z.array(z.string()),
    methods: z.array(z.enum(CORS_METHODS as [string, ...string[]])),
    headers: z.array(z.string()).optional(),
  }),
  exposeHeaders: z.array(z.string()).optional(),
  maxAgeSeconds: z.int().min(0).max(86_400).optional(),
})
type RestCorsRule = z.output<typeof RestCorsRule>

export const CorsConfiguration = z.object({ rules: z.array(RestCorsRule) })

/** No rules at all are no configuration. */
export const PutCorsBody = z.strictObject({
  rules: z
    .array(RestCorsRule)
    .default([])
    .refine((rules) => rules.length === 0 || outcomeOf(() => checkCorsRules(rules.map(fromRest))).ok, 'must be a valid CORS configuration'),
})
export type PutCorsBody = z.output<typeof PutCorsBody>

export const fromRest = ({ id, allowed, exposeHeaders, maxAgeSeconds }: RestCorsRule): CorsRule => ({
  id,
  allowedOrigins: allowed.origins,
  allowedMethods: allowed.methods,
  allowedHeaders: allowed.headers ?? [],
  exposeHeaders: exposeHeaders ?? [],
  maxAgeSeconds,
})

export const toRest = (rule: CorsRule): RestCorsRule => ({
  id: rule.id,
  allowed: {
    origins: [...rule.allowedOrigins],
    methods: [...rule.allowedMethods],
    ...(rule.allowedHeaders.length > 0 ? { headers: [...rule.allowedHeaders] } : {}),
  },
  ...(rule.exposeHeaders.length > 0 ? { exposeHeaders: [...rule.exposeHeaders] } : {}),
  maxAgeSeconds: rule.maxAgeSeconds,
})
