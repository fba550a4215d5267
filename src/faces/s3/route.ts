import type { Permission } from '../../auth/policies.ts'
import type { RefusedGroup } from './screening.ts'

export type Level = 'account' | 'bucket' | 'object'

/** One operation: which requests are it, what they need, and who answers. */
export interface Route {
  /** The name in the S3 API reference; R2 names what it lacks by it. */
  readonly op: string
  readonly on: Level
  readonly method: string
  /** Parameters that must all be there. */
  readonly query?: readonly string[]
  /** A parameter that must be the first in the URL of those that are subresources at this level and method. */
  readonly subresource?: string
  readonly header?: string
  readonly needs: Permission
  readonly refuses?: RefusedGroup
  /** Further words for the printed table. */
  readonly note?: string
  /** The name by which sessions are limited to it, where that is not `op`. */
  readonly action?: string
  /** It lists keys below the parameter `prefix`: whoever is limited to a prefix may list below that. */
  readonly lists?: true
  /** It reads the object that `x-amz-copy-source` names. */
  readonly copies?: true
  /** `cf-create-bucket-if-missing` creates its bucket. */
  readonly createsBucket?: true
  /** Absent: R2 answers 501 `<op> not implemented`, and so do we. */
  // biome-ignore lint/suspicious/noExplicitAny: the level decides which call an operation gets; `dispatch` builds it.
  readonly run?: (call: any) => Promise<Response>
}
