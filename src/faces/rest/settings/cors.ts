import * as z from 'zod'
import { CORS_METHODS, type CorsRule, checkCorsRules } from '../../../core/cors.ts'
import { outcomeOf } from '../../../core/outcome.ts'
import type { SettingCodec } from './setting-routes.ts'

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

const CorsConfiguration = z.object({ rules: z.array(RestCorsRule) })

/** An empty list of rules means that there is no configuration. */
const PutCorsBody = z.strictObject({
  rules: z
    .array(RestCorsRule)
    .default([])
    .refine((rules) => rules.length === 0 || outcomeOf(() => checkCorsRules(rules.map(fromRest))).ok, 'must be a valid CORS configuration'),
})
const fromRest = ({ id, allowed, exposeHeaders, maxAgeSeconds }: RestCorsRule): CorsRule => ({
  id,
  allowedOrigins: allowed.origins,
  allowedMethods: allowed.methods,
  allowedHeaders: allowed.headers ?? [],
  exposeHeaders: exposeHeaders ?? [],
  maxAgeSeconds,
})

const toRest = (rule: CorsRule): RestCorsRule => ({
  id: rule.id,
  allowed: {
    origins: [...rule.allowedOrigins],
    methods: [...rule.allowedMethods],
    ...(rule.allowedHeaders.length > 0 ? { headers: [...rule.allowedHeaders] } : {}),
  },
  ...(rule.exposeHeaders.length > 0 ? { exposeHeaders: [...rule.exposeHeaders] } : {}),
  maxAgeSeconds: rule.maxAgeSeconds,
})

/** The CORS rules of a bucket. */
export const cors: SettingCodec<'cors', typeof CorsConfiguration, typeof PutCorsBody> = {
  setting: 'cors',
  path: 'cors',
  noun: 'Cors',
  result: CorsConfiguration,
  toRest: (rules) => ({ rules: rules.map(toRest) }),
  body: PutCorsBody,
  fromRest: ({ rules }) => (rules.length === 0 ? null : rules.map(fromRest)),
  deletable: true,
}
