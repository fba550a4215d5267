import { type BucketRef, JURISDICTIONS } from './object.ts'

/** The name of a bucket in figures, as on R2: `eu_photos` in the jurisdiction `eu`, the bare name in the default one. */
export const bucketLabel = ({ jurisdiction, name }: BucketRef): string => (jurisdiction === 'default' ? name : `${jurisdiction}_${name}`)

/** Reads a label. No bucket name contains an underscore, so the part before one can only be a jurisdiction. */
export function labelledBucket(label: string): BucketRef {
  const [first, name] = label.split('_')
  const jurisdiction = JURISDICTIONS.find((known) => known === first)
  return jurisdiction && name ? { jurisdiction, name } : { jurisdiction: 'default', name: label }
}
