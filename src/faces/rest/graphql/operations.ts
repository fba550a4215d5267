import type { Answer, Call } from '../call.ts'
import type { GraphqlBody } from './body.ts'

/** Answers as GraphQL does, without the envelope. The library is loaded by the first query: few requests are one. */
export async function queryGraphql({ body, store, accountId, nowMs }: Call<{ body: GraphqlBody }>): Promise<Answer<never>> {
  const { answerQuery } = await import('./execute.ts')
  return Response.json(await answerQuery(body, { store, accountId, nowMs }))
}
