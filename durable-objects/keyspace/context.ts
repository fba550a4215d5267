import type { Config } from '../../src/config.ts'
import type { Keyring } from '../../src/segments/keyring.ts'

/** The things that the functions of a Bucket work with. */
export interface Context {
  readonly sql: SqlStorage
  readonly config: Config
  /** Absent in a deployment without its secrets, which stores nothing. */
  readonly keyring?: Keyring
  /** Milliseconds since the epoch; tests replace it. */
  readonly now: () => number
  /** Requests an alarm at this time or earlier. */
  readonly wakeAt: (dueMs: number) => void
  /** Has the messages for a queue sent after the transaction has committed. */
  readonly announce: (queueId: string) => void
}
