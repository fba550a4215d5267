import { StoreError } from '../core/errors.ts'
import { risingId } from '../core/ids.ts'
import { JURISDICTIONS, type Jurisdiction } from '../core/object.ts'

// The last digit of a job's id says in which jurisdiction its Durable Object is. The object keeps keys of the bucket in its cursor and its
// log, so it must not leave the bucket's jurisdiction; and whoever knows the id finds it without a look-up.

/** Makes an id of 32 lowercase hex digits that rises with time. */
export const newJobId = (jurisdiction: Jurisdiction): string => risingId().slice(0, -1) + JURISDICTIONS.indexOf(jurisdiction).toString(16)

/**
 * The jurisdiction of a job's Durable Object.
 * @throws StoreError NoSuchJob for an id that no job can have, so that no Durable Object starts for it
 */
export function jurisdictionOfJob(id: string): Jurisdiction {
  const jurisdiction = /^[0-9a-f]{32}$/.test(id) ? JURISDICTIONS[Number.parseInt(id.slice(-1), 16)] : undefined
  if (jurisdiction === undefined) throw new StoreError('NoSuchJob')
  return jurisdiction
}
