import * as z from 'zod'
import { PageInfo } from '../common-schemas.ts'
import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { createToken, deleteToken, getToken, listPermissionGroups, listTokens, rollToken, updateToken } from './operations.ts'
import { CreatedToken, DeletedToken, ListTokensQuery, PermissionGroup, PermissionGroupsQuery, Token, TokenBody } from './schemas.ts'

/** Routes for API tokens. A deployment has one owner, so the tokens of the account are also the tokens of the user. */
export const TOKEN_ROUTES: readonly Route[] = [...tokenRoutes(`${ACCOUNT}/tokens`, 'Account'), ...tokenRoutes('/user/tokens', 'User')]

function tokenRoutes(tokens: `/${string}/tokens`, whose: 'Account' | 'User'): Route[] {
  const token = `${tokens}/{token_id}` as const
  return [
    route({
      op: `List${whose}PermissionGroups`,
      method: 'GET',
      path: `${tokens}/permission_groups`,
      needs: 'token:read',
      query: PermissionGroupsQuery,
      result: z.array(PermissionGroup),
      run: listPermissionGroups,
    }),
    route({
      op: `Create${whose}Token`,
      method: 'POST',
      path: tokens,
      needs: 'token:write',
      body: TokenBody,
      result: CreatedToken,
      run: createToken,
    }),
    route({
      op: `List${whose}Tokens`,
      method: 'GET',
      path: tokens,
      needs: 'token:read',
      query: ListTokensQuery,
      result: z.array(Token),
      info: PageInfo,
      run: listTokens,
    }),
    route({ op: `Get${whose}Token`, method: 'GET', path: token, needs: 'token:read', result: Token, run: getToken }),
    route({
      op: `Update${whose}Token`,
      method: 'PUT',
      path: token,
      needs: 'token:write',
      body: TokenBody,
      result: Token,
      run: updateToken,
    }),
    route({ op: `Roll${whose}Token`, method: 'PUT', path: `${token}/value`, needs: 'token:write', result: z.string(), run: rollToken }),
    route({ op: `Delete${whose}Token`, method: 'DELETE', path: token, needs: 'token:write', result: DeletedToken, run: deleteToken }),
  ]
}
