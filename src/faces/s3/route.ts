import type { Permission } from '../../auth/policies.ts'
import type { Allowance } from '../../core/allowances.ts'
import type { RefusedGroup } from './screening.ts'

export type Level = 'account' | 'bucket' | 'object'

/** One operation: the requests that it answers, the permission that they need, and the function that runs it. */
export interface Route {
  /** The name in the S3 API reference. R2 prints it when it does not have the operation. */
  readonly op: string
  readonly on: Level
  readonly method: string
  /** The parameters that a request must have. */
  readonly query?: readonly string[]
  /** A parameter. It must come first in the URL among all parameters that are subresources at this level and method. */
  readonly subresource?: string
  readonly header?: string
  /** The parameters that it has, if it must not run with any other one, because it replaces a whole object. */
  readonly parameters?: readonly string[]
  /** Parameters that make it another operation on S3, one that neither R2 nor Cairn has. R2 ignores them. */
  readonly foreign?: readonly string[]
  readonly needs: Permission
  readonly refuses?: RefusedGroup
  /** R2 does not have the operation. In strict mode the row does not exist, and the next row that fits the request decides. */
  readonly allowance?: Allowance
  /** A note for the printed table. */
  readonly note?: string
  /** The name of the operation in the limits of sessions, if it differs from `op`. */
  readonly action?: string
  /** It lists keys below the parameter `prefix`. A session that is limited to a prefix may list below that prefix. */
  readonly lists?: true
  /** It reads the object that `x-amz-copy-source` names, so it needs a permission for that, too. */
  readonly copies?: true
  /** It takes its key from the object that `x-amz-rename-source` names, so it needs the permissions for reading and writing that one, too. */
  readonly renames?: true
  /** With `cf-create-bucket-if-missing`, it creates a missing bucket. */
  readonly createsBucket?: true
  /** Absent when R2 answers 501 `<op> not implemented`, as we do. */
  // biome-ignore lint/suspicious/noExplicitAny: the level decides which call an operation gets; `dispatch` builds it.
  readonly run?: (call: any) => Promise<Response>
}
