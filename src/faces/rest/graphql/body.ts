import * as z from 'zod'

export const GraphqlBody = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
})
export type GraphqlBody = z.output<typeof GraphqlBody>
