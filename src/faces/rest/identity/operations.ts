import type * as z from 'zod'
import type { Answer, RestCall } from '../call.ts'
import { isoTime, type PageQuery, pageInfo } from '../common-schemas.ts'
import type { Account, Membership, User, VerifiedToken } from './schemas.ts'

type Result<Schema extends z.ZodType> = Promise<Answer<z.input<Schema>>>

/** A deployment is one account. It belongs to the person who deployed it. */
const ACCOUNT_NAME = 'Cairn'
const OWNER_ROLE = 'Super Administrator - All Privileges'

export async function verifyToken({ identity }: RestCall): Result<typeof VerifiedToken> {
  const { id, notBeforeMs, expiresMs } = identity.token
  return {
    result: {
      id,
      status: 'active',
      ...(notBeforeMs === undefined ? {} : { not_before: isoTime(notBeforeMs) }),
      ...(expiresMs === undefined ? {} : { expires_on: isoTime(expiresMs) }),
    },
  }
}

export async function getUser({ accountId, config }: RestCall): Result<typeof User> {
  return { result: { id: accountId, email: config.ownerEmail } }
}

export async function getAccount(call: RestCall): Result<typeof Account> {
  return { result: accountOf(call) }
}

export async function listAccounts(call: RestCall<{ query: PageQuery }>): Promise<Answer<z.input<typeof Account>[]>> {
  return onePage(call.query, accountOf(call))
}

export async function listMemberships(call: RestCall<{ query: PageQuery }>): Promise<Answer<z.input<typeof Membership>[]>> {
  const { id, name } = accountOf(call)
  return onePage(call.query, {
    id,
    account: { id, name },
    roles: [OWNER_ROLE],
    status: 'accepted',
    permissions: {},
    api_access_enabled: null,
  })
}

const accountOf = ({ accountId }: Pick<RestCall, 'accountId'>): z.input<typeof Account> => ({
  id: accountId,
  name: ACCOUNT_NAME,
  type: 'standard',
  settings: {},
})

/** Puts the only item on the first page. Clients ask for further pages until they get an empty one. */
function onePage<T>(query: PageQuery, item: T): Answer<T[]> {
  const result = query.page === 1 ? [item] : []
  return { result, info: pageInfo(query, result.length, 1) }
}
