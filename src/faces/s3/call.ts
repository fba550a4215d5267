import type { Identity } from '../../auth/authenticate.ts'
import type { SignedBody } from '../../auth/signed-body.ts'
import type { Config } from '../../config.ts'
import type { Actor } from '../../core/audit.ts'
import type { BucketRef, Jurisdiction, ObjectRef } from '../../core/object.ts'
import type { Measure } from '../../core/operations.ts'
import type { Store } from '../../store/store.ts'

/** An authenticated request, as an operation receives it. */
export interface S3Call {
  readonly request: Request
  readonly url: URL
  /** The request's headers, and the headers that a presigner moved into the query. */
  readonly headers: Headers
  readonly payload: SignedBody
  readonly identity: Identity
  readonly jurisdiction: Jurisdiction
  readonly store: Store
  readonly config: Config
  readonly accountId: string
  /** Where the operation notes the sizes that it counts with. */
  readonly measure: Measure
  /** Returns who sent the request, for the audit log. */
  readonly by: () => Actor
}

export interface BucketCall extends S3Call {
  readonly bucket: BucketRef
}

export interface ObjectCall extends BucketCall {
  readonly at: ObjectRef
}
