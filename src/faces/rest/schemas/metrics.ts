import * as z from 'zod'
import type { Usage } from '../../../../durable-objects/bucket/api.ts'

const Figures = z.object({ objects: z.int(), payloadSize: z.int(), metadataSize: z.int() })
const ClassMetrics = z.object({
  /** Complete objects. */
  published: Figures,
  /** Parts of uploads that are not finished. */
  uploaded: Figures,
})

export const AccountMetrics = z.object({ standard: ClassMetrics, infrequentAccess: ClassMetrics })

export const toClassMetrics = ({ objects, payloadBytes, metadataBytes, uploads, uploadBytes }: Usage): z.input<typeof ClassMetrics> => ({
  published: { objects, payloadSize: payloadBytes, metadataSize: metadataBytes },
  uploaded: { objects: uploads, payloadSize: uploadBytes, metadataSize: 0 },
})

export const GraphqlBody = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
})
export type GraphqlBody = z.output<typeof GraphqlBody>
