import * as z from 'zod'

/** What we do not know is kept and given back, since wrangler changes one rule by writing all of them. */
const Unknown = z.union([z.string(), z.number(), z.boolean(), z.null()])

const LockCondition = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Age'), maxAgeSeconds: z.number() }).catchall(Unknown),
  z.object({ type: z.literal('Date'), date: z.string() }).catchall(Unknown),
  z.object({ type: z.literal('Indefinite') }).catchall(Unknown),
])

/** Ages, dates and the like are for `checkLockRules` to judge. */
const RestLockRule = z
  .object({ id: z.string(), enabled: z.boolean(), prefix: z.string().optional(), condition: LockCondition })
  .catchall(Unknown)

export const LockConfiguration = z.object({ rules: z.array(RestLockRule) })
export type LockConfiguration = z.output<typeof LockConfiguration>

/** The SDK may leave `rules` out: then there are none. Strict, since rules under a misspelt name would lift all locks. */
export const PutLocksBody = z.strictObject({ rules: z.array(RestLockRule).default([]) })
export type PutLocksBody = z.output<typeof PutLocksBody>
