import type { LifecycleDue } from '../core/object.ts'
import { formatHttpDate } from './conditions.ts'

/** When a lifecycle rule deletes an object, and which one: of reads and writes. Empty where no rule does. */
export const expirationHeaders = (due: LifecycleDue | undefined): [string, string][] =>
  due ? [['x-amz-expiration', `expiry-date="${formatHttpDate(due.dueMs)}", rule-id="${encodeURIComponent(due.ruleId)}"`]] : []

/** When an open upload ends by itself, and by which rule. */
export const abortHeaders = (due: LifecycleDue | undefined): [string, string][] =>
  due
    ? [
        ['x-amz-abort-date', formatHttpDate(due.dueMs)],
        ['x-amz-abort-rule-id', encodeURIComponent(due.ruleId)],
      ]
    : []
