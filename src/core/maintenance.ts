import type { TierName } from './blob.ts'
import type { Finding } from './finding.ts'

// The reports of operators' tasks. Each task is done in bounded steps, and the command line adds up the reports of its steps.

/** The report of one step of a check. */
export interface FsckReport {
  readonly phase: string
  readonly findings: readonly Finding[]
  /** How many rows or segments this step looked at. */
  readonly checked: number
  /** How many segments of other deployments it met, by their ids. */
  readonly strangers?: Readonly<Record<string, number>>
  /** At the end of a walk through everything: how full the segment databases are. */
  readonly databases?: readonly DatabaseUsage[]
}

/** The size of a segment database. */
export interface DatabaseUsage {
  readonly tier: TierName
  readonly bytes: number
  readonly maxBytes: number
}

/** The report of one step that wraps data keys with the current master key. */
export interface RotationReport {
  readonly checked: number
  /** How many data keys this step wrapped with the current master key. */
  readonly rewrapped: number
  /** The data keys that none of the configured master keys opens. */
  readonly findings: readonly Finding[]
}

/** The report of one step that seals the secrets of API tokens, or those of jobs, with the current master key. */
export interface TokenRotationReport {
  readonly checked: number
  /** How many secrets this step sealed with the current master key. */
  readonly resealed: number
  /** The ids of tokens or jobs whose secrets none of the configured master keys opens. */
  readonly lost: readonly string[]
}

/** The report of all steps of an import so far. */
export interface ImportReport {
  readonly lines: number
}
