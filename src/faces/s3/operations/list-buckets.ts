import { invalidArgument } from '../../../core/errors.ts'
import { readToken, writeToken } from '../../../store/objects/list-position.ts'
import type { S3Call } from '../call.ts'
import { checkListingParameters, optional, readMaxKeys } from '../query.ts'
import { renderListAllMyBuckets } from '../xml/list-all-my-buckets.ts'
import { xmlResponse } from '../xml/xml-response.ts'

const PARAMETERS = ['prefix', 'start-after', 'continuation-token', 'max-keys']

/** Lists the account's buckets in pages, as R2 does. The options are parameters or `cf-` headers of the same names; headers come first. */
export async function listBuckets(call: S3Call): Promise<Response> {
  const { url, headers, store, jurisdiction, accountId } = call
  checkListingParameters(url.searchParams, 'ListBuckets', PARAMETERS)
  const asked = (name: string) => headers.get(`cf-${name}`) ?? url.searchParams.get(name)
  const maxKeys = readMaxKeys(asked('max-keys'))
  const continuationToken = optional(asked('continuation-token'))
  const startAfter = optional(asked('start-after'))
  const after = [startAfter, continuationToken && tokenName(continuationToken)]
    .filter((name) => name !== undefined)
    .sort()
    .at(-1)
  const page = await store.listBuckets({ jurisdiction, prefix: asked('prefix') ?? '', startAfter: after, limit: maxKeys.limit })
  const last = page.truncated ? page.buckets.at(-1) : undefined
  const nextContinuationToken = last && writeToken({ key: last.name })
  const document = renderListAllMyBuckets({
    owner: accountId,
    buckets: page.buckets,
    isTruncated: page.truncated,
    nextContinuationToken,
    startAfter,
    continuationToken,
    keyCount: page.buckets.length,
    maxKeys: maxKeys.asked,
  })
  return xmlResponse(document, [
    ['cf-is-truncated', String(page.truncated)],
    ...(nextContinuationToken ? [['cf-next-continuation-token', nextContinuationToken] as [string, string]] : []),
  ])
}

function tokenName(token: string): string {
  const position = readToken(token)
  if (!('key' in position)) throw invalidArgument('The continuation token provided is incorrect')
  return position.key
}
