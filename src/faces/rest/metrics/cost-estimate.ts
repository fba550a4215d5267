import type * as z from 'zod'
import { type Counted, type DailyPeak, priceOf, useOf } from '../../../analytics/cost.ts'
import { MAX_ROWS } from '../../../analytics/datasets.ts'
import type { Filter } from '../../../analytics/filter.ts'
import type { GroupsQuery } from '../../../analytics/groups.ts'
import { RETENTION_DAYS } from '../../../analytics/operation-tables.ts'
import { invalidArgument } from '../../../core/errors.ts'
import type { StorageClass } from '../../../core/object.ts'
import type { Answer, RestCall } from '../call.ts'
import { bucketAsker } from './ask-buckets.ts'
import type { CostEstimate, CostQuery } from './schemas.ts'

type Estimate = z.input<typeof CostEstimate>

/** Returns what the operations and the storage of a period would cost on R2, at its list prices. */
export async function getCostEstimate(call: RestCall<{ query: CostQuery }>): Promise<Answer<Estimate>> {
  const { analytics, store, nowMs, query } = call
  const today = new Date(nowMs).toISOString().slice(0, 10)
  const { since = `${today.slice(0, 7)}-01`, until = today } = query
  checkPeriod(since, until, nowMs)
  await analytics.flush()
  const [operations, storage] = await Promise.all([
    analytics.operationGroups(groupsOf(['actionType', 'responseStatusCode', 'storageClass'], since, until)),
    analytics.storageGroups(groupsOf(['date', 'storageClass'], since, until), { nowMs, ask: bucketAsker(store) }),
  ])
  const counted = operations.map(({ dimensions, sum }): Counted => {
    const { storageClass, actionType, responseStatusCode } = dimensions
    return {
      storageClass: storageClass as StorageClass,
      action: String(actionType),
      status: Number(responseStatusCode),
      requests: sum!.requests!,
    }
  })
  const peaks = storage.map(({ dimensions, max }): DailyPeak => {
    return { storageClass: dimensions.storageClass as StorageClass, bytes: max!.payloadSize! + max!.metadataSize! }
  })
  const costOf = (storageClass: StorageClass) => priceOf(storageClass, useOf(storageClass, counted, peaks))
  return { result: { since, until, standard: costOf('Standard'), infrequentAccess: costOf('InfrequentAccess') } }
}

/** Refuses a period that the figures do not cover: its sum would be too small. @throws StoreError InvalidArgument */
function checkPeriod(since: string, until: string, nowMs: number): void {
  if (since > until) throw invalidArgument('The parameter since must not be a later day than until')
  const oldest = new Date(nowMs - RETENTION_DAYS * DAY_MS).toISOString().slice(0, 10)
  if (since < oldest) throw invalidArgument(`The figures go back ${RETENTION_DAYS} days: since must not be before ${oldest}`)
}

const DAY_MS = 86_400_000

function groupsOf(dimensions: readonly string[], since: string, until: string): GroupsQuery {
  const period: Filter = {
    all: [
      { dimension: 'date', comparison: 'geq', value: since },
      { dimension: 'date', comparison: 'leq', value: until },
    ],
  }
  return { dimensions, filter: period, orderBy: [], limit: MAX_ROWS }
}
