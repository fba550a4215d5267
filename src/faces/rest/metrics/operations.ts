import type * as z from 'zod'
import { sumUsage } from '../../../store/usage.ts'
import type { Answer, RestCall } from '../call.ts'
import { type AccountMetrics, toClassMetrics } from './schemas.ts'

/** Returns how much the account stores now, over all buckets and jurisdictions. */
export async function getAccountMetrics({ store }: RestCall): Promise<Answer<z.input<typeof AccountMetrics>>> {
  const usages = (await store.accountUsage()).map(({ usage }) => usage)
  const standard = sumUsage(usages.map(({ Standard }) => Standard))
  const infrequentAccess = sumUsage(usages.map(({ InfrequentAccess }) => InfrequentAccess))
  const { retrievedBytes, earlyDeletionByteDays } = infrequentAccess
  return {
    result: {
      standard: toClassMetrics(standard),
      infrequentAccess: { ...toClassMetrics(infrequentAccess), retrievedBytes, earlyDeletionByteDays },
    },
  }
}
