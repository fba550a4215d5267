import type { Config } from '../../../config.ts'
import type { Allowance } from '../../../core/allowances.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import type { BucketSettings, SettingName } from '../../../core/settings.ts'

/** The verbs that S3 has for a setting of a bucket. */
export type Verb = 'GET' | 'PUT' | 'DELETE'

/** How S3 reads and writes one bucket setting: a subresource and an XML document. */
export interface Configuration<Name extends SettingName> {
  readonly setting: Name
  readonly subresource: string
  /** The names of its operations in the S3 API reference. */
  readonly ops: Readonly<Record<Verb, string>>
  /** Notes on the operations for the printed table. */
  readonly notes?: Readonly<Partial<Record<Verb, string>>>
  /** R2 does not have the operations: strict mode answers as R2 does. */
  readonly allowance?: Allowance
  /** The status of a successful PUT. Default: 200. */
  readonly putStatus?: 204
  /** @throws StoreError `MalformedXML`, and further errors for its elements */
  readonly parse: (body: Uint8Array, allows: Config['allows']) => BucketSettings[Name]
  readonly render: (value: BucketSettings[Name]) => string
  /** The error when the value is empty, for settings where S3 has no document without rules. */
  readonly empty?: ErrorCode
}
