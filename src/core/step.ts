/**
 * One bounded step of work that may take many: a check, an export, an import, a rotation, a job. Whoever drives it calls again with
 * `next` until there is none. A step can be repeated: a crash before its answer arrived does it again.
 */
export interface Step<Cursor, Report> {
  /** The result of this step alone. */
  readonly report: Report
  /** Where the next step goes on, as plain values; absent when the work is done. */
  readonly next?: Cursor
}
