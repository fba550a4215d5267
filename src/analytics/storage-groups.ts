import type { Usage } from '../core/bucket.ts'
import { invalidArgument } from '../core/errors.ts'
import { addUsage, lessUsage, NO_USAGE, type UsageByClass } from '../core/usage.ts'
import { STORAGE } from './datasets.ts'
import { checkFilter, type Filter } from './filter.ts'
import type { Group, GroupsQuery, Order } from './groups.ts'
import { RETENTION_DAYS } from './operation-tables.ts'
import { readStorage, readUnsettled, type StorageRow } from './storage-tables.ts'
import { common, spansOfFilter, splitFilter } from './storage-time.ts'
import { dateText, type Span, timeText } from './times.ts'

/** Where the present figures come from. */
export interface Present {
  readonly nowMs: number
  /** Asks Buckets for their figures, by label. A bucket that does not exist any more is left out. */
  readonly ask: (labels: readonly string[]) => Promise<ReadonlyMap<string, UsageByClass>>
  /** Buckets that may have changed since their last point although they have not said so. */
  readonly changed: readonly string[]
  /** Whether every bucket has to be asked: nobody writes points. */
  readonly all: boolean
}

/** A window that ends so shortly before the present includes it: the clocks of clients differ. */
const CLOCK_SKEW_MINUTES = 5
/** How many samples one answer is made of. */
const MAX_SAMPLES = 200_000
const HOUR = 60

/** The differences between the present figures and the last points. */
export async function presentChanges(db: D1Database, filter: Filter, { nowMs, changed, all, ask }: Present): Promise<StorageRow[]> {
  const stored = await readUnsettled(db, { filter, nowMs, changed, all })
  const figures = await ask([...new Set(stored.map(({ bucket }) => bucket))])
  return stored.map((row): StorageRow => {
    const usage = figures.get(row.bucket)?.[row.storageClass] ?? row.usage
    return { ...row, minute: Math.floor(nowMs / 60_000), usage: lessUsage(usage, row.usage) }
  })
}

/**
 * Answers a question to the dataset of storage: for each group, the largest sum over its buckets at one time. Figures stand until the next
 * point changes them, so an idle bucket has rows, too.
 * @throws StoreError InvalidArgument
 */
export async function storageGroups(db: D1Database, query: GroupsQuery, present: Present): Promise<Group[]> {
  checkFilter(query.filter)
  const nowMinute = Math.floor(present.nowMs / 60_000)
  const { time, buckets } = splitFilter(query.filter)
  const spans = common(spansOfFilter(time), [{ start: nowMinute - RETENTION_DAYS * 24 * HOUR, stop: nowMinute + 1 + 24 * HOUR }])
  if (spans.length === 0) return []
  const [byBucket, byClass] = [query.dimensions.includes('bucketName'), query.dimensions.includes('storageClass')]
  const [{ now, changes }, later] = await Promise.all([
    readStorage(db, { filter: buckets, byBucket, byClass, sinceMinute: Math.floor(spans[0]!.start) }),
    presentChanges(db, buckets, present),
  ])
  const keyOf = ({ bucket, storageClass }: StorageRow) => `${byBucket ? bucket : ''}/${byClass ? storageClass : ''}`
  return foldSeries(seriesOf({ now, changes, later }, keyOf), query, { spans, nowMinute })
}

/** The figures of one group over time: steps in order. A step holds from its minute on; the first one holds before that, too. */
interface Series {
  readonly bucket: string
  readonly storageClass: string
  readonly createdMinute: number
  readonly steps: readonly { readonly minute: number; readonly usage: Usage }[]
}

/** Works back from the last points: before a change, the figures were those after it less the difference. */
function seriesOf({ now, changes, later }: Rows, keyOf: (row: StorageRow) => string): Series[] {
  const [present, changed, news] = [Map.groupBy(now, keyOf), Map.groupBy(changes, keyOf), Map.groupBy(later, keyOf)]
  return [...new Set([...present.keys(), ...changed.keys()])].map((key): Series => {
    const [row] = present.get(key) ?? []
    const stored = changed.get(key) ?? []
    const first = stored.reduce((usage, change) => lessUsage(usage, change.usage), row?.usage ?? NO_USAGE)
    const steps = stepsOf(first, [...stored, ...(news.get(key) ?? [])])
    const { bucket, storageClass } = row ?? stored[0]!
    return { bucket, storageClass, createdMinute: row?.minute ?? Number.NEGATIVE_INFINITY, steps }
  })
}

interface Rows {
  readonly now: readonly StorageRow[]
  readonly changes: readonly StorageRow[]
  readonly later: readonly StorageRow[]
}

function stepsOf(first: Usage, changes: readonly StorageRow[]): Series['steps'] {
  const steps = [{ minute: Number.NEGATIVE_INFINITY, usage: first }]
  for (const { minute, usage } of [...changes].sort((a, b) => a.minute - b.minute)) {
    const last = steps.at(-1)!
    const next = { minute, usage: addUsage(last.usage, usage) }
    if (last.minute === minute) steps[steps.length - 1] = next
    else steps.push(next)
  }
  return steps
}

interface Window {
  readonly spans: readonly Span[]
  readonly nowMinute: number
}

/** A figure of a group at one time. */
interface Sample {
  readonly minute: number
  readonly usage: Usage
}

/** Takes the samples of every group, and keeps the largest figures of each row. */
function foldSeries(series: readonly Series[], { dimensions, orderBy, limit }: GroupsQuery, window: Window): Group[] {
  const grains = dimensions.flatMap((name) => STORAGE.dimensions[name]!.minutes ?? [])
  const finest = grains.length === 0 ? 0 : Math.min(...grains)
  const rows = new Map<string, Group>()
  let taken = 0
  for (const group of series) {
    for (const { minute, usage } of samplesOf(group, window, finest >= HOUR ? finest : undefined)) {
      if (++taken > MAX_SAMPLES) throw invalidArgument('The question covers too many groups: name a bucket, or a shorter time')
      const named = Object.fromEntries(dimensions.map((name) => [name, printed(name, group, minute)]))
      const key = JSON.stringify(named)
      rows.set(key, { dimensions: named, max: largest(rows.get(key)?.max, usage) })
    }
  }
  return sorted([...rows.values()], dimensions, orderBy).slice(0, limit)
}

/**
 * Returns the figures of a group at the times that matter within the window: its beginning, each change and the moment before it, and its
 * end. If the answer has a row for each hour or day, also the beginning of each.
 */
function* samplesOf({ steps, createdMinute }: Series, { spans, nowMinute }: Window, slot?: number): Generator<Sample> {
  for (const span of spans) {
    const start = Math.max(Math.ceil(span.start), createdMinute, nowMinute - RETENTION_DAYS * 24 * HOUR)
    const stop = span.stop > nowMinute - CLOCK_SKEW_MINUTES ? nowMinute + 1 : Math.ceil(span.stop)
    if (start >= stop) continue
    const times = new Set([start, stop - 1])
    for (const { minute } of steps) for (const at of [minute - 1, minute]) if (at > start && at < stop) times.add(at)
    if (slot !== undefined) for (let at = Math.ceil(start / slot) * slot; at < stop; at += slot) times.add(at)
    let index = 0
    for (const minute of [...times].sort((a, b) => a - b)) {
      while (index + 1 < steps.length && steps[index + 1]!.minute <= minute) index++
      yield { minute, usage: steps[index]!.usage }
    }
  }
}

/** The names of the figures in the schema. */
const FIGURES: Readonly<Record<string, keyof Usage>> = {
  objectCount: 'objects',
  payloadSize: 'payloadBytes',
  metadataSize: 'metadataBytes',
  uploadCount: 'uploads',
  retrievedBytes: 'retrievedBytes',
  earlyDeletionByteDays: 'earlyDeletionByteDays',
}

const largest = (known: Group['max'], usage: Usage): Record<string, number> =>
  Object.fromEntries(Object.entries(FIGURES).map(([name, figure]) => [name, Math.max(known?.[name] ?? 0, usage[figure])]))

function printed(name: string, { bucket, storageClass }: Series, minute: number): string {
  const { minutes, type } = STORAGE.dimensions[name]!
  if (minutes === undefined) return name === 'bucketName' ? bucket : storageClass
  const rounded = minute - (minute % minutes)
  return type === 'Date' ? dateText(rounded) : timeText(rounded)
}

/** Sorts rows; rows that are equal in the wanted order are sorted by their dimensions. */
function sorted(rows: Group[], dimensions: readonly string[], orderBy: readonly Order[]): Group[] {
  for (const { by } of orderBy) {
    if (STORAGE.dimensions[by] && !dimensions.includes(by)) {
      throw invalidArgument(`cannot order by ${by}: it is neither aggregated, nor a dimension`)
    }
  }
  const orders = [...orderBy, ...dimensions.map((by): Order => ({ by, descending: false }))]
  const read = (row: Group, by: string) => row.dimensions[by] ?? row.max?.[by.slice('max_'.length)] ?? 0
  return rows.sort((a, b) => {
    for (const { by, descending } of orders) {
      const [left, right] = [read(a, by), read(b, by)]
      if (left !== right) return left < right === descending ? 1 : -1
    }
    return 0
  })
}
