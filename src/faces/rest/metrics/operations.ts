import type * as z from 'zod'
import { sumUsage } from '../../../store/usage.ts'
import type { Answer, Call } from '../call.ts'
import { type AccountMetrics, type GraphqlBody, toClassMetrics } from './schemas.ts'

/** What the account stores now, over all buckets and jurisdictions. */
export async function getAccountMetrics({ store }: Call): Promise<Answer<z.input<typeof AccountMetrics>>> {
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

/** Answers as GraphQL does, without the envelope. The library is loaded by the first query: few requests are one. */
export async function queryGraphql({ body, store, accountId, nowMs }: Call<{ body: GraphqlBody }>): Promise<Answer<never>> {
  const { answerQuery } = await import('../graphql/execute.ts')
  return Response.json(await answerQuery(body, { store, accountId, nowMs }))
}
