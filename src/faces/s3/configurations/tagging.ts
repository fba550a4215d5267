import { parseTagging, renderTagging } from '../xml/tagging.ts'
import type { Configuration } from './configuration.ts'

/** The tags of a bucket. For S3, an empty set of tags does not exist: the bucket has none then. */
export const tagging: Configuration<'tags'> = {
  setting: 'tags',
  subresource: 'tagging',
  ops: { GET: 'GetBucketTagging', PUT: 'PutBucketTagging', DELETE: 'DeleteBucketTagging' },
  notes: { PUT: 'up to 50 tags' },
  allowance: 'tagging',
  putStatus: 204,
  parse: parseTagging,
  render: renderTagging,
}
