import * as z from 'zod'
import type { Usage } from '../../../core/bucket.ts'

const Figures = z.object({ objects: z.int(), payloadSize: z.int(), metadataSize: z.int() })
const ClassMetrics = z.object({
  /** Complete objects. */
  published: Figures,
  /** Parts of uploads that are not finished. */
  uploaded: Figures,
})

/** Members that R2's answer does not have: the billed quantities of this class besides storage, since each bucket was created. */
const Billed = {
  /** Bytes that were read or copied. */
  retrievedBytes: z.int(),
  /** The rest of the 30 days, in byte-days, of objects that were deleted, moved or replaced before they were 30 days old. */
  earlyDeletionByteDays: z.int(),
}

export const AccountMetrics = z.object({ standard: ClassMetrics, infrequentAccess: ClassMetrics.extend(Billed) })

/** Buckets, by repeating the parameter; all of them without it. A bucket of a jurisdiction is `eu_photos`. */
export const PrometheusQuery = z.object({ bucket_name: z.string().optional() })
export type PrometheusQuery = z.output<typeof PrometheusQuery>

const Day = z.iso.date()

/** The first and the last day of a period: by default, the month so far. */
export const CostQuery = z.object({ since: Day.optional(), until: Day.optional() })
export type CostQuery = z.output<typeof CostQuery>

const ClassCost = z.object({
  operations: z.object({ A: z.int(), B: z.int(), free: z.int() }),
  /** The daily peaks of the period, added up and divided by 30 days. */
  gigabyteMonths: z.number(),
  usd: z.object({ operations: z.number(), storage: z.number(), total: z.number() }),
  usdAfterFreeTier: z.number(),
})

/** The operations and the storage of a period, and their price on R2. */
export const CostEstimate = z.object({ since: Day, until: Day, standard: ClassCost, infrequentAccess: ClassCost })

export const toClassMetrics = ({ objects, payloadBytes, metadataBytes, uploads, uploadBytes }: Usage): z.input<typeof ClassMetrics> => ({
  published: { objects, payloadSize: payloadBytes, metadataSize: metadataBytes },
  uploaded: { objects: uploads, payloadSize: uploadBytes, metadataSize: 0 },
})
