import * as z from 'zod'
import { Timestamp } from '../common-schemas.ts'

export const Account = z.object({ id: z.string(), name: z.string(), type: z.literal('standard'), settings: z.object({}) })

export const Membership = z.object({
  id: z.string(),
  account: z.object({ id: z.string(), name: z.string() }),
  roles: z.array(z.string()),
  status: z.literal('accepted'),
  permissions: z.object({}),
  api_access_enabled: z.null(),
})

export const User = z.object({ id: z.string(), email: z.string() })

export const VerifiedToken = z.object({
  id: z.string(),
  status: z.literal('active'),
  not_before: Timestamp.optional(),
  expires_on: Timestamp.optional(),
})
