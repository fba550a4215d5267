import type { Actor } from '../../core/audit.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { CopyRef, QueuedCopy, SippySetting, TakenCopy, WantedCopy } from '../../core/sippy.ts'

/** The calls of a Bucket about its Sippy. Each may fail with `NoSuchBucket`. */
export interface SippyApi {
  getSippy(): Promise<Outcome<SippySetting | null>>
  putSippy(sippy: SippySetting, by?: Actor): Promise<Outcome<void>>
  deleteSippy(by?: Actor): Promise<Outcome<void>>
  /** Takes a copy for a request, or queues it for the job. */
  takeCopy(wanted: WantedCopy): Promise<Outcome<TakenCopy>>
  /** The next copy of the queue; `null` when none waits, and for a job that is not the known one. */
  nextCopy(job: string): Promise<Outcome<QueuedCopy | null>>
  /** Whether a copy may still be committed. */
  isCopying(copy: CopyRef): Promise<Outcome<boolean>>
  /** Ends a copy that failed. */
  dropCopy(copy: CopyRef): Promise<Outcome<void>>
}
