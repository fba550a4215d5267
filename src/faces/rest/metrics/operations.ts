import type * as z from 'zod'
import type { Answer, RestCall } from '../call.ts'
import { bucketAsker } from './ask-buckets.ts'
import { type AccountMetrics, toClassMetrics } from './schemas.ts'

/** Returns how much the account stores now, over all buckets and jurisdictions. */
export async function getAccountMetrics({ store, analytics, nowMs }: RestCall): Promise<Answer<z.input<typeof AccountMetrics>>> {
  const usage = await analytics.accountUsage({ nowMs, ask: bucketAsker(store) })
  const { Standard: standard, InfrequentAccess: infrequentAccess } = usage
  const { retrievedBytes, earlyDeletionByteDays } = infrequentAccess
  return {
    result: {
      standard: toClassMetrics(standard),
      infrequentAccess: { ...toClassMetrics(infrequentAccess), retrievedBytes, earlyDeletionByteDays },
    },
  }
}
