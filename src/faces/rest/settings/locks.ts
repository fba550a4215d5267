import * as z from 'zod'
import type { SettingCodec } from './setting-routes.ts'

/** Unknown members are stored and returned, because wrangler changes one rule by writing all rules. */
const Unknown = z.union([z.string(), z.number(), z.boolean(), z.null()])

const LockCondition = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Age'), maxAgeSeconds: z.number() }).catchall(Unknown),
  z.object({ type: z.literal('Date'), date: z.string() }).catchall(Unknown),
  z.object({ type: z.literal('Indefinite') }).catchall(Unknown),
])

/** `checkLockRules` checks ages, dates and similar values. */
const RestLockRule = z
  .object({ id: z.string(), enabled: z.boolean(), prefix: z.string().optional(), condition: LockCondition })
  .catchall(Unknown)

const LockConfiguration = z.object({ rules: z.array(RestLockRule) })
type LockConfiguration = z.output<typeof LockConfiguration>

/** The SDK may leave `rules` out, which means no rules. Strict: if `rules` is misspelt, the request would remove all locks. */
const PutLocksBody = z.strictObject({ rules: z.array(RestLockRule).default([]) })

/** The lock rules of a bucket. For a bucket without rules the answer is an empty list; CORS answers with an error instead. */
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
