/** Every problem that a check can find. docs/guides/check-a-bucket.md explains each of them. */
export type Problem =
  | 'object-without-blob'
  | 'part-without-blob'
  | 'extent-without-blob'
  | 'extent-outside-blob'
  | 'gap-in-composite'
  | 'extents-without-owner'
  | 'parts-without-upload'
  | 'garbage-in-use'
  | 'wrong-size'
  | 'wrong-references'
  | 'wrong-usage'
  | 'wrong-due-date'
  | 'not-in-index'
  | 'missing-segment'
  | 'wrong-segment-length'
  | 'damaged-segment'
  | 'orphan-segment'
  | 'undecryptable-key'

/** One problem that a check found, and where it is. */
export interface Finding {
  readonly problem: Problem
  readonly at: Readonly<Record<string, string | number>>
  readonly repaired: boolean
}
