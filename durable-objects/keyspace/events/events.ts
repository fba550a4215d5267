import { LIMITS } from '../../../src/core/limits.ts'
import { eventMessage, matches, type ObjectEvent, type QueueNotifications } from '../../../src/core/notifications.ts'
import { cachedSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import { bucketInfo } from '../state.ts'

/** How many messages are read at once: as many as one batch may hold. */
const PAGE = LIMITS.queueBatchMessages

/** After this time the alarm sends messages that should have been sent already. */
const SEND_MS = 10_000

const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 5 * 60_000

/** A message that waits to be sent. */
export interface PendingEvent {
  readonly seq: number
  readonly message: string
}

/** Writes the message of an event for each queue whose rules match it, in the transaction of the change itself. */
export function noteEvent(context: Context, event: ObjectEvent): void {
  const { sql, config, now } = context
  const queues = cachedSetting<readonly QueueNotifications[]>(sql, 'notifications')
  const asking = queues?.filter(({ rules }) => rules.some((rule) => matches(rule, event.action, event.key)))
  if (!asking?.length) return
  const bucket = bucketInfo(sql).name
  const message = eventMessage(event, { account: config.accountId, bucket, ms: now() })
  for (const { queueId } of asking) {
    sql.exec('INSERT INTO events SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3 FROM events WHERE queue_id = ?1', queueId, now(), message)
    context.announce(queueId)
  }
  context.wakeAt(now() + SEND_MS)
}

/** The messages to send to a queue next, in order. */
export function pendingEvents(sql: SqlStorage, queueId: string): PendingEvent[] {
  return sql
    .exec<{ seq: number; message: string }>('SELECT seq, message FROM events WHERE queue_id = ? ORDER BY seq LIMIT ?', queueId, PAGE)
    .toArray()
}

/** Deletes messages up to this one, which the queue has accepted, and clears the queue's retry. */
export function dropEvents(sql: SqlStorage, queueId: string, last: number): void {
  sql.exec('DELETE FROM events WHERE queue_id = ? AND seq <= ?', queueId, last)
  sql.exec('DELETE FROM queue_retries WHERE queue_id = ?', queueId)
}

/**
 * Records that a queue refused messages, and when to retry. Deletes the messages that have waited too long, and the oldest ones beyond the
 * limit. Returns how many messages it deleted.
 */
export function postponeEvents(context: Context, queueId: string): number {
  const { sql, now, wakeAt } = context
  const attempts = (retryOf(sql, queueId)?.attempts ?? 0) + 1
  const dueMs = now() + Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LAST_RETRY_MS)
  sql.exec('INSERT OR REPLACE INTO queue_retries (queue_id, attempts, due_ms) VALUES (?, ?, ?)', queueId, attempts, dueMs)
  wakeAt(dueMs)
  const { rowsWritten: tooOld } = sql.exec(
    `DELETE FROM events WHERE queue_id = ?1 AND seq < coalesce(
       (SELECT seq FROM events WHERE queue_id = ?1 AND event_ms > ?2 ORDER BY seq LIMIT 1), ?3)`,
    queueId,
    now() - LIMITS.eventLifeMs,
    Number.MAX_SAFE_INTEGER,
  )
  const { rowsWritten: tooMany } = sql.exec(
    'DELETE FROM events WHERE queue_id = ?1 AND seq <= (SELECT max(seq) FROM events WHERE queue_id = ?1) - ?2',
    queueId,
    LIMITS.pendingEvents,
  )
  return tooOld + tooMany
}

/** Whether a queue that refused messages still waits for its retry. */
export const isPostponed = ({ sql, now }: Context, queueId: string): boolean => (retryOf(sql, queueId)?.due_ms ?? 0) > now()

/** The queues that have messages to be sent. */
export function waitingQueues(sql: SqlStorage): string[] {
  const found: string[] = []
  for (let last = ''; ; found.push(last)) {
    const { next } = sql.exec<{ next: string | null }>('SELECT min(queue_id) AS next FROM events WHERE queue_id > ?', last).one()
    if (next === null) return found
    last = next
  }
}

/** About how many messages wait for their queues. */
export function countWaiting(sql: SqlStorage): number {
  const span = 'SELECT (SELECT max(seq) FROM events WHERE queue_id = ?1) - (SELECT min(seq) FROM events WHERE queue_id = ?1) + 1 AS n'
  return waitingQueues(sql).reduce((sum, queueId) => sum + sql.exec<{ n: number }>(span, queueId).one().n, 0)
}

/** Whether so many messages wait for a queue that some would be lost if it refused. Then work that can wait should not add messages. */
export function isBacklogged(sql: SqlStorage): boolean {
  const waiting = (queueId: string) =>
    sql.exec<{ n: number }>(
      `SELECT (SELECT max(seq) FROM events WHERE queue_id = ?1) - (SELECT min(seq) FROM events WHERE queue_id = ?1) AS n`,
      queueId,
    )
  return waitingQueues(sql).some((queueId) => waiting(queueId).one().n > LIMITS.pendingEvents / 2)
}

/** When the alarm has messages to send; `null` when none are waiting. */
export function nextEventMs({ sql, now }: Context): number | null {
  const times = waitingQueues(sql).map((queueId) => retryOf(sql, queueId)?.due_ms ?? now() + SEND_MS)
  return times.length === 0 ? null : Math.min(...times)
}

function retryOf(sql: SqlStorage, queueId: string): { attempts: number; due_ms: number } | undefined {
  return sql
    .exec<{ attempts: number; due_ms: number }>('SELECT attempts, due_ms FROM queue_retries WHERE queue_id = ?', queueId)
    .toArray()[0]
}
