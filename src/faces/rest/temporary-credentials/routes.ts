import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { createTemporaryCredentials } from './operations.ts'
import { TemporaryCredentials, TemporaryCredentialsBody } from './schemas.ts'

export const TEMPORARY_CREDENTIAL_ROUTES: readonly Route[] = [
  route({
    op: 'CreateTemporaryCredentials',
    method: 'POST',
    path: `${ACCOUNT}/r2/temp-access-credentials`,
    needs: 'token',
    body: TemporaryCredentialsBody,
    result: TemporaryCredentials,
    run: createTemporaryCredentials,
  }),
]
