import type { Answer, RestCall } from '../call.ts'
import type { GraphqlBody } from './body.ts'

/** Answers a GraphQL query, without the envelope. The first query loads the library, because few requests need it. */
export async function queryGraphql({ body, store, analytics, accountId, nowMs }: RestCall<{ body: GraphqlBody }>): Promise<Answer<never>> {
  await analytics.flush()
  const { answerQuery } = await import('./execute.ts')
  return Response.json(await answerQuery(body, { store, analytics, accountId, nowMs }))
}
