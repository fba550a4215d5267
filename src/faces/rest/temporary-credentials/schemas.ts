import * as z from 'zod'
import { SESSION_LEVELS, SESSION_MAX_SECONDS, type SessionPermission } from '../../../auth/session-token.ts'
import { JURISDICTIONS } from '../../../core/object.ts'

/** Strict, because a misspelt limit would be no limit. A list that is given limits the session; an empty list allows nothing. */
export const TemporaryCredentialsBody = z.strictObject({
  bucket: z.string(),
  parentAccessKeyId: z.string(),
  permission: z.enum(Object.keys(SESSION_LEVELS) as [SessionPermission, ...SessionPermission[]]),
  ttlSeconds: z.int().min(1).max(SESSION_MAX_SECONDS),
  prefixes: z.array(z.string()).max(100).optional(),
  objects: z.array(z.string()).max(100).optional(),
  jurisdiction: z.enum(JURISDICTIONS).optional(),
})
export type TemporaryCredentialsBody = z.output<typeof TemporaryCredentialsBody>

export const TemporaryCredentials = z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() })
