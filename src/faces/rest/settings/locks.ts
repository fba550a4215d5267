import * as z from 'zod'
import type { SettingCodec } from './setting-routes.ts'

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

const LockConfiguration = z.object({ rules: z.array(RestLockRule) })
type LockConfiguration = z.output<typeof LockConfiguration>

/** The SDK may leave `rules` out: then there are none. Strict, since rules under a misspelt name would lift all locks. */
const PutLocksBody = z.strictObject({ rules: z.array(RestLockRule).default([]) })

/** The lock rules of a bucket. One without rules has an empty list of them, and no error as CORS has. */
export const locks: SettingCodec<'locks', typeof LockConfiguration, typeof PutLocksBody> = {
  setting: 'locks',
  path: 'lock',
  noun: 'Locks',
  result: LockConfiguration,
  toRest: (rules) => ({ rules: rules as LockConfiguration['rules'] }),
  body: PutLocksBody,
  fromRest: ({ rules }) => rules,
  deletable: true,
}
