import type { Config } from '../../src/config.ts'
import type { Keyring } from '../../src/segments/keyring.ts'

/** What the parts of a Bucket work with. */
export interface Context {
  readonly sql: SqlStorage
  readonly config: Config
  /** Absent in a deployment without its secrets, which stores nothing. */
  readonly keyring?: Keyring
  /** Milliseconds since the epoch; tests replace it. */
  readonly now: () => number
  /** Makes sure that the alarm rings at this time or before. */
  readonly wakeAt: (dueMs: number) => void
  /** Has the messages for a queue sent once the transaction is through. */
  readonly announce: (queueId: string) => void
}
