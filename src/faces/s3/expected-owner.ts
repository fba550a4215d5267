import type { Config } from '../../config.ts'
import { StoreError } from '../../core/errors.ts'
import type { Route } from './route.ts'

/**
 * Obeys the headers by which a client says whose buckets it means. All buckets of a deployment belong to one account; its id is also the
 * owner that ListBuckets shows. In strict mode the screening refuses these headers, as R2 does.
 * @throws StoreError AccessDenied
 */
export function checkExpectedOwners(
  headers: Headers,
  { copies }: Route,
  { accountId, allows }: { accountId: string } & Pick<Config, 'allows'>,
) {
  if (!allows('expectedOwner')) return
  const names = copies ? ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner'] : ['x-amz-expected-bucket-owner']
  for (const name of names) {
    const expected = headers.get(name)
    if (expected !== null && expected !== accountId) throw new StoreError('AccessDenied')
  }
}
