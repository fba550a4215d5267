import { addUsage, NO_USAGE, type UsageByClass } from '../core/usage.ts'
import { BANDWIDTH, OPERATIONS, SIPPY } from './datasets.ts'
import type { Group, GroupsQuery } from './groups.ts'
import { type Answered, OperationCounter, type OperationSum } from './operation-counter.ts'
import { operationGroups } from './operation-groups.ts'
import { addStatements, maintenanceStatements } from './operation-tables.ts'
import { type Present, presentChanges, storageGroups } from './storage-groups.ts'
import { readStorage } from './storage-tables.ts'
import { readTotals, type Totals } from './totals.ts'

export interface AnalyticsPorts {
  readonly db: D1Database
  /** How long an isolate collects counts before it writes them. */
  readonly windowMs: number
  readonly waitUntil: (work: Promise<unknown>) => void
  /** Throws when the database is not this deployment's. */
  readonly ready: () => Promise<void>
}

/** Figures over time: operations are counted here, and questions to the datasets are answered. */
export type Analytics = ReturnType<typeof createAnalytics>

/** The present, and the way to ask Buckets. */
type Asked = Pick<Present, 'nowMs' | 'ask'>

/** How long after a change a Bucket has surely announced it. */
const UNANNOUNCED_MS = 60_000
/** How often an isolate keeps the tables small. */
const MAINTENANCE_MS = 15 * 60_000

/** Makes the analytics of an isolate. */
export function createAnalytics({ db, windowMs, waitUntil, ready }: AnalyticsPorts) {
  let region: string | undefined
  let maintainedMs = 0
  const write = async (sums: readonly OperationSum[], nowMs: number): Promise<void> => {
    await ready()
    const isDue = nowMs - maintainedMs >= MAINTENANCE_MS
    if (isDue) maintainedMs = nowMs
    await db.batch([...addStatements(db, sums, region ?? ''), ...(isDue ? maintenanceStatements(db, nowMs) : [])])
  }
  const counter = windowMs > 0 ? new OperationCounter({ windowMs, write, waitUntil }) : undefined
  const presentOf = (asked: Asked): Present => ({
    ...asked,
    changed: counter?.changedSince(asked.nowMs - UNANNOUNCED_MS) ?? [],
    all: counter === undefined,
  })
  return {
    /** Whether this deployment counts operations. */
    isOn: counter !== undefined,
    /** Counts an operation that has been answered. It waits for nothing. */
    count: (answered: Answered): void => counter?.count(answered),
    /** Asks once where this isolate's visitors are. They share a region nearly always, since an isolate runs in one location. */
    locate: (findRegion: () => string): void => {
      region ??= findRegion()
    },
    /** Writes what this isolate has counted, so that a question to the datasets sees it. */
    flush: async (): Promise<void> => counter?.flush(),
    /** Answers a question to the datasets of operations and of bandwidth. */
    operationGroups: (query: GroupsQuery): Promise<Group[]> => operationGroups(db, OPERATIONS, query),
    sippyGroups: (query: GroupsQuery): Promise<Group[]> => operationGroups(db, SIPPY, query),
    bandwidthGroups: (query: GroupsQuery): Promise<Group[]> => operationGroups(db, BANDWIDTH, query),
    /** Answers a question to the dataset of storage. */
    storageGroups: (query: GroupsQuery, asked: Asked): Promise<Group[]> => storageGroups(db, query, presentOf(asked)),
    /** Returns the counters of the named buckets, or of all without a name. */
    totals: (buckets: readonly string[]): Promise<Totals> => readTotals(db, buckets),
    /** Returns what the account stores now. Its cost depends on how many buckets have changed lately, not on how many there are. */
    accountUsage: (asked: Asked): Promise<UsageByClass> => accountUsage(db, presentOf(asked)),
  }
}

async function accountUsage(db: D1Database, present: Present): Promise<UsageByClass> {
  const everything = { all: [] }
  const [{ now }, later] = await Promise.all([
    readStorage(db, { filter: everything, byBucket: false, byClass: true, sinceMinute: Number.MAX_SAFE_INTEGER }),
    presentChanges(db, everything, present),
  ])
  const usage = { Standard: NO_USAGE, InfrequentAccess: NO_USAGE }
  for (const row of [...now, ...later]) usage[row.storageClass] = addUsage(usage[row.storageClass], row.usage)
  return usage
}
