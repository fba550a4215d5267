import * as z from 'zod'
import type { Usage } from '../../../core/bucket.ts'

const Figures = z.object({ objects: z.int(), payloadSize: z.int(), metadataSize: z.int() })
const ClassMetrics = z.object({
  /** Complete objects. */
  published: Figures,
  /** Parts of uploads that are not finished. */
  uploaded: Figures,
})

/** Beyond R2's answer: what this class is billed for besides storage, since each bucket was created. */
const Billed = {
  /** What was read or copied. */
  retrievedBytes: z.int(),
  /** What objects that were deleted, moved or replaced within 30 days had left of these. */
  earlyDeletionByteDays: z.int(),
}

export const AccountMetrics = z.object({ standard: ClassMetrics, infrequentAccess: ClassMetrics.extend(Billed) })

export const toClassMetrics = ({ objects, payloadBytes, metadataBytes, uploads, uploadBytes }: Usage): z.input<typeof ClassMetrics> => ({
  published: { objects, payloadSize: payloadBytes, metadataSize: metadataBytes },
  uploaded: { objects: uploads, payloadSize: uploadBytes, metadataSize: 0 },
})
