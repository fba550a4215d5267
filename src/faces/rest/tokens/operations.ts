import type * as z from 'zod'
import { PERMISSION_GROUPS } from '../../../control/permission-groups.ts'
import { type Answer, grantOf, type RestCall } from '../call.ts'
import { pageInfo } from '../common-schemas.ts'
import {
  attributesOf,
  type CreatedToken,
  type ListTokensQuery,
  type PermissionGroup,
  type PermissionGroupsQuery,
  type Token,
  type TokenBody,
  toPermissionGroup,
  toToken,
} from './schemas.ts'

type TokenCall<Body = unknown> = RestCall<{ params: 'token_id'; body: Body }>

/** Creates a token. Only this answer contains the token's value. */
export async function createToken(call: RestCall<{ body: TokenBody }>): Promise<Answer<z.input<typeof CreatedToken>>> {
  const { value, ...record } = await call.control.makeToken(grantOf(call), attributesOf(call.body))
  return { result: { ...toToken(record, call.nowMs), value } }
}

export async function listTokens({ query, control, nowMs }: RestCall<{ query: ListTokensQuery }>): Promise<Answer<Token[]>> {
  const { page, per_page: limit, direction, include_expired: includeExpired } = query
  const offset = (page - 1) * limit
  const { tokens, total } = await control.listTokens({ offset, limit, descending: direction === 'desc', includeExpired, nowMs })
  return { result: tokens.map((token) => toToken(token, nowMs)), info: pageInfo(query, tokens.length, total) }
}

export async function getToken({ params, control, nowMs }: TokenCall): Promise<Answer<Token>> {
  return { result: toToken(await control.getToken(params.token_id), nowMs) }
}

export async function updateToken(call: TokenCall<TokenBody>): Promise<Answer<Token>> {
  return { result: toToken(await call.control.updateToken(grantOf(call), call.params.token_id, attributesOf(call.body)), call.nowMs) }
}

/** Gives a token a new value, and returns it as a bare string. */
export async function rollToken(call: TokenCall): Promise<Answer<string>> {
  return { result: await call.control.rollToken(grantOf(call), call.params.token_id) }
}

export async function deleteToken(call: TokenCall): Promise<Answer<{ id: string }>> {
  await call.control.deleteToken(grantOf(call), call.params.token_id)
  return { result: { id: call.params.token_id } }
}

export async function listPermissionGroups({
  query,
}: RestCall<{ query: PermissionGroupsQuery }>): Promise<Answer<z.input<typeof PermissionGroup>[]>> {
  const fits = PERMISSION_GROUPS.filter(
    ({ name, scope }) => (query.name ?? name).toLowerCase() === name.toLowerCase() && (query.scope ?? scope) === scope,
  )
  return { result: fits.map(toPermissionGroup) }
}
