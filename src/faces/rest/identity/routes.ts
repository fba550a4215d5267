import * as z from 'zod'
import { PageInfo, PageQuery } from '../common-schemas.ts'
import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { getAccount, getUser, listAccounts, listMemberships, verifyToken } from './operations.ts'
import { Account, Membership, User, VerifiedToken } from './schemas.ts'

/** Routes that tell a client who it is: its token, user, account and memberships. */
export const IDENTITY_ROUTES: readonly Route[] = [
  route({
    op: 'VerifyToken',
    method: 'GET',
    path: '/user/tokens/verify',
    needs: 'token',
    // Wrangler expects this code for a token that does not belong to a user. On any other code it would repeat the request again and again.
    unknownToken: 'InvalidApiToken',
    result: VerifiedToken,
    run: verifyToken,
  }),
  route({
    op: 'VerifyAccountToken',
    method: 'GET',
    path: `${ACCOUNT}/tokens/verify`,
    needs: 'token',
    unknownToken: 'InvalidApiToken',
    result: VerifiedToken,
    run: verifyToken,
  }),
  route({ op: 'GetUser', method: 'GET', path: '/user', needs: 'token', result: User, run: getUser }),
  route({
    op: 'ListAccounts',
    method: 'GET',
    path: '/accounts',
    needs: 'token',
    query: PageQuery,
    result: z.array(Account),
    info: PageInfo,
    run: listAccounts,
  }),
  route({ op: 'GetAccount', method: 'GET', path: ACCOUNT, needs: 'token', result: Account, run: getAccount }),
  route({
    op: 'ListMemberships',
    method: 'GET',
    path: '/memberships',
    needs: 'token',
    query: PageQuery,
    result: z.array(Membership),
    info: PageInfo,
    run: listMemberships,
  }),
]
