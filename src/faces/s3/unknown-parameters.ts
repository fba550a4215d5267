import { notImplemented } from '../../core/errors.ts'
import { countingNames } from './query.ts'
import type { Route } from './route.ts'

/** S3 leaves these names to its users, who find them in their access logs. */
const isFree = (name: string): boolean => name.toLowerCase().startsWith('x-')

/**
 * Refuses a parameter that the operation does not have, if the operation replaces a whole object. On S3 a parameter can name a part of an
 * object, such as `?annotation`; a server that ignored it would store that part in place of the object.
 * @throws StoreError NotImplemented
 */
export function refuseUnknownParameters({ op, parameters, foreign }: Route, query: URLSearchParams): void {
  if (!parameters && !foreign) return
  const isUnknown = (name: string) => (parameters ? !isFree(name) && !parameters.includes(name) : foreign?.includes(name))
  const stranger = countingNames(query).find(isUnknown)
  if (stranger !== undefined) throw notImplemented(`${op} search parameter ${stranger}`)
}
