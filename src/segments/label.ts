import { isBucketName } from '../core/bucket-name.ts'
import { type BucketRef, bucketPath, JURISDICTIONS } from '../core/object.ts'

/** The owner of a stored segment. Without `deployment`, it was stored before labels named the deployment. */
export interface SegmentOwner {
  readonly deployment?: string
  readonly bucket: BucketRef
}

/** The text of a label: `<deployment>/<jurisdiction>/<bucket>`, or without the deployment, as earlier versions wrote it. */
export function labelOf(bucket: BucketRef, deployment?: string): string {
  const path = bucketPath(bucket)
  return deployment ? `${deployment}/${path}` : path
}

/** The owner that a label names; undefined if the text is not a label of ours. */
export function ownerOf(label: string): SegmentOwner | undefined {
  const [, deployment, place, name = ''] = /^(?:([0-9a-f]{32})\/)?([^/]+)\/([^/]+)$/.exec(label) ?? []
  const jurisdiction = JURISDICTIONS.find((known) => known === place)
  return jurisdiction && isBucketName(name) ? { deployment, bucket: { jurisdiction, name } } : undefined
}
