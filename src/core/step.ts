/**
 * One bounded step of work that may take many steps: a check, an export, an import, a rotation, a job. The caller calls again with `next`
 * until it is absent. A step must be repeatable: if a crash loses the answer, the caller runs the same step again.
 */
export interface Step<Cursor, Report> {
  /** The result of this step alone. */
  readonly report: Report
  /** Where the next step starts, as plain values; absent when the work is done. */
  readonly next?: Cursor
}
