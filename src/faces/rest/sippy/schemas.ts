import * as z from 'zod'
import type { ShownSippy } from '../../../core/sippy.ts'

const text = (most: number) => z.string().min(1).max(most)

const Keys = { accessKeyId: text(256), secretAccessKey: text(1024) }

/** A source with its credentials. Members that are unknown are ignored, and each known one is required, so that a misspelt name is noticed. */
const NewSource = z.discriminatedUnion('provider', [
  z.object({ provider: z.literal('aws'), bucket: text(255), region: text(32).nullish(), ...Keys }),
  z.object({ provider: z.literal('gcs'), bucket: text(255), clientEmail: text(320), privateKey: text(16_384) }),
  z.object({ provider: z.literal('s3'), bucketUrl: text(2048), ...Keys }),
  z.object({ provider: z.literal('azure') }),
])
export type NewSource = z.output<typeof NewSource>

export const PutSippyBody = z.object({
  source: NewSource,
  destination: z.object({ provider: z.literal('r2').nullish(), ...Keys }),
})
export type PutSippyBody = z.output<typeof PutSippyBody>

export const Sippy = z.object({
  enabled: z.boolean(),
  source: z
    .object({
      provider: z.enum(['aws', 'gcs', 's3']),
      bucket: z.string().optional(),
      region: z.string().optional(),
      bucketUrl: z.string().optional(),
    })
    .optional(),
  destination: z.object({ provider: z.literal('r2'), account: z.string(), bucket: z.string(), accessKeyId: z.string() }).optional(),
})
export type Sippy = z.input<typeof Sippy>

/** Sippy as the API returns it: without credentials. */
export const toRest = (sippy: ShownSippy | null, account: string, bucket: string): Sippy =>
  sippy === null
    ? { enabled: false }
    : { enabled: true, source: sippy.source, destination: { provider: 'r2', account, bucket, accessKeyId: sippy.accessKeyId } }
