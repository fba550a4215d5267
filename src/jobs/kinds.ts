import { StoreError } from '../core/errors.ts'
import type { JobKind } from './job-kind.ts'
import { deletePrefix } from './kinds/delete-prefix.ts'
import { migrate } from './kinds/migrate.ts'
import { sippy } from './kinds/sippy.ts'
import { storageClass } from './kinds/storage-class.ts'

/** Every kind of job. To add one, write a file in `kinds/` and a row here. */
// biome-ignore lint/suspicious/noExplicitAny: each kind has parameters and a cursor of its own.
const KINDS: readonly JobKind<any, any, any>[] = [deletePrefix, migrate, sippy, storageClass]

/** The names of the kinds that keep secrets. */
export const SECRET_KINDS: readonly string[] = KINDS.filter(({ reseal }) => reseal !== undefined).map(({ name }) => name)

/** The kind with that name; undefined when this version has none. */
export const findKind = (name: string): JobKind | undefined => KINDS.find((one) => one.name === name)

/**
 * The kind with that name.
 * @throws StoreError InvalidArgument
 */
export function kindOf(name: string): JobKind {
  const kind = findKind(name)
  if (!kind) throw new StoreError('InvalidArgument', { message: `There is no kind of job with the name ${JSON.stringify(name)}.` })
  return kind
}

/** The parameters of a job without secrets. Those of a kind that this version does not know are not shown at all. */
export function shownParams(name: string, params: unknown): unknown {
  const kind = KINDS.find((one) => one.name === name)
  return kind ? (kind.shown?.(params) ?? params) : {}
}
