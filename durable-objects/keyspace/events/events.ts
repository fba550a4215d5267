import { LIMITS } from '../../../src/core/limits.ts'
import { eventMessage, matches, type ObjectEvent, type QueueNotifications } from '../../../src/core/notifications.ts'
import { cachedSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import { bucketInfo } from '../state.ts'

/** How many messages are read at once: what one batch may hold. */
const PAGE = LIMITS.queueBatchMessages

/** When the alarm looks after messages that should have been sent by then. */
const SEND_MS = 10_000

const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 5 * 60_000

/** A message on its way. */
export interface PendingEvent {
  readonly seq: number
  readonly message: string
}

/** Writes the message of an event for each queue whose rules ask for it, in the transaction of the change itself. */
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

/** Forgets messages that the queue has, up to this one: it takes messages again. */
export function dropEvents(sql: SqlStorage, queueId: string, last: number): void {
  sql.exec('DELETE FROM events WHERE queue_id = ? AND seq <= ?', queueId, last)
  sql.exec('DELETE FROM queue_retries WHERE queue_id = ?', queueId)
}

/** Notes that a queue refused, and lets go what has waited too long or is too much. Returns how many messages were lost by that. */
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

/** Whether a queue that refused is left alone for now. */
export const isPostponed = ({ sql, now }: Context, queueId: string): boolean => (retryOf(sql, queueId)?.due_ms ?? 0) > now()

/** The queues that messages wait for. */
export function waitingQueues(sql: SqlStorage): string[] {
  const found: string[] = []
  for (let last = ''; ; found.push(last)) {
    const { next } = sql.exec<{ next: string | null }>('SELECT min(queue_id) AS next FROM events WHERE queue_id > ?', last).one()
    if (next === null) return found
    last = next
  }
}

/** Whether so many messages wait for a queue that some would be lost if it refused: what can wait should not add to them. */
export function isBacklogged(sql: SqlStorage): boolean {
  const waiting = (queueId: string) =>
    sql.exec<{ n: number }>(
      `SELECT (SELECT max(seq) FROM events WHERE queue_id = ?1) - (SELECT min(seq) FROM events WHERE queue_id = ?1) AS n`,
      queueId,
    )
  return waitingQueues(sql).some((queueId) => waiting(queueId).one().n > LIMITS.pendingEvents / 2)
}

/** When the alarm has messages to look after; `null` when none are waiting. */
export function nextEventMs({ sql, now }: Context): number | null {
  const times = waitingQueues(sql).map((queueId) => retryOf(sql, queueId)?.due_ms ?? now() + SEND_MS)
  return times.length === 0 ? null : Math.min(...times)
}

function retryOf(sql: SqlStorage, queueId: string): { attempts: number; due_ms: number } | undefined {
  return sql
    .exec<{ attempts: number; due_ms: number }>('SELECT attempts, due_ms FROM queue_retries WHERE queue_id = ?', queueId)
    .toArray()[0]
}
