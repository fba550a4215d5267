import type { LifecycleDue } from '../core/object.ts'
import { formatHttpDate } from './conditions.ts'

/** Returns the header of reads and writes that says when an object expires, and by which lifecycle rule. Empty if no rule applies. */
export const expirationHeaders = (due: LifecycleDue | undefined): [string, string][] =>
  due ? [['x-amz-expiration', `expiry-date="${formatHttpDate(due.dueMs)}", rule-id="${encodeURIComponent(due.ruleId)}"`]] : []

/** Returns the headers that say when an open upload is aborted, and by which lifecycle rule. Empty if no rule applies. */
export const abortHeaders = (due: LifecycleDue | undefined): [string, string][] =>
  due
    ? [
        ['x-amz-abort-date', formatHttpDate(due.dueMs)],
        ['x-amz-abort-rule-id', encodeURIComponent(due.ruleId)],
      ]
    : []
