import type { JobCounts, JobInfo, JobLogLine } from '../core/job.ts'
import type { Step } from '../core/step.ts'
import type { Keyring } from '../segments/keyring.ts'
import type { SourceConfig } from '../sources/open-source.ts'
import type { SourceSecrets } from '../sources/secrets.ts'
import type { Source } from '../sources/source.ts'
import type { Store } from '../store/store.ts'

/** The result of one step of a job. */
export interface JobReport {
  readonly counts: JobCounts
  /** Lines for the job's log, such as the keys that were refused. Each kind limits their number itself. */
  readonly log?: readonly JobLogLine[]
  /** How many calls the step made; without it, `callsPerStep` is assumed. */
  readonly calls?: number
  /** How long the next step waits, for example because a source asked for it. */
  readonly waitMs?: number
}

/** The interfaces that a step uses. */
export interface JobPorts {
  readonly store: Store
  /** Returns the time in milliseconds since the epoch. */
  readonly now: () => number
  /** Opens the secrets of jobs. */
  readonly keyring: () => Keyring
  /** Opens a bucket of another provider. */
  readonly openSource: (config: SourceConfig, secrets: SourceSecrets) => Source
  /** Whether the job was paused or canceled since the step began: the step then begins nothing more, and ends. */
  readonly stopped: () => boolean
  /** Which objects are copied in parts, and how large the parts are. Tests choose smaller ones. */
  readonly copySizes?: CopySizes
}

export interface CopySizes {
  /** Larger objects are copied in parts. */
  readonly wholeBytes: number
  readonly partBytes: number
}

/** A job as its steps see it. */
export interface RunningJob<Params = unknown, Hidden = unknown> extends JobInfo {
  readonly params: Params
  /** The parameters that nobody else sees. */
  readonly hidden: Hidden
}

/**
 * A kind of job: one file of `src/jobs/kinds`. Each step uses bounded memory and a bounded number of calls. It must be repeatable from the
 * same cursor, since the Durable Object that runs it may be evicted at any point.
 */
export interface JobKind<Params = unknown, Cursor = unknown, Hidden = unknown> {
  readonly name: string
  /** The most calls of Durable Objects, D1, KV and other hosts that one step makes. An alarm runs as many steps as its budget allows. */
  readonly callsPerStep: number
  /** How many jobs of this kind may be active in an account at once, paused ones included. Absent means any number. */
  readonly maxActive?: number
  /** How many lines the log keeps; without it, a thousand. */
  readonly logLines?: number
  /** A failed job of this kind has ended: nobody can resume it. */
  readonly endsOnFailure?: true
  /** @throws StoreError for invalid parameters */
  readonly check: (params: Params) => void
  /**
   * The parameters without their secrets, for everybody but the step: the job's account, the audit log. Absent for a kind whose parameters
   * have no secret.
   */
  readonly shown?: (params: Params) => unknown
  /** Runs one step. The first step has no cursor. */
  readonly step: (ports: JobPorts, job: RunningJob<Params, Hidden>, cursor?: Cursor) => Promise<Step<Cursor, JobReport>>
  /**
   * Seals the secrets among the hidden parameters with the current master key. Returns the new parameters, or `null` if they are up to date.
   * @throws StoreError EncryptionKeyUnavailable
   */
  readonly reseal?: (keyring: Keyring, hidden: Hidden, job: JobInfo) => Promise<Hidden | null>
}
