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

export const toClassMetrics = ({ objects, payloadBytes, metadataBytes, uploads, uploadBytes }: Usage): z.input<typeof ClassMetrics> => ({
  published: { objects, payloadSize: payloadBytes, metadataSize: metadataBytes },
  uploaded: { objects: uploads, payloadSize: uploadBytes, metadataSize: 0 },
})
