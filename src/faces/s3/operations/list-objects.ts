import { invalidArgument, notImplemented } from '../../../core/errors.ts'
import type { ListPosition } from '../../../core/listing.ts'
import { laterPosition, markerPosition, readToken, writeToken } from '../../../store/objects/list-position.ts'
import type { BucketCall } from '../call.ts'
import { checkListingParameters, optional, readEncodingType, readMaxKeys } from '../query.ts'
import { renderListBucket } from '../xml/list-bucket.ts'
import { xmlResponse } from '../xml/xml-response.ts'

const V1 = ['prefix', 'delimiter', 'marker', 'max-keys', 'encoding-type']
const V2 = ['list-type', 'prefix', 'delimiter', 'continuation-token', 'start-after', 'max-keys', 'encoding-type', 'fetch-owner']

/** ListObjects. Every truncated page has `NextMarker`, with or without a delimiter, as on R2. */
export async function listObjects(call: BucketCall): Promise<Response> {
  const query = call.url.searchParams
  if (query.has('continuation-token')) throw invalidArgument('continuation-token not supported in ListObjects')
  checkListingParameters(query, 'ListObjectsV1', V1)
  const asked = readAsked(query)
  const marker = query.get('marker') ?? ''
  const page = await listPage(call, asked, marker === '' ? undefined : markerPosition(marker, asked))
  return render(call, asked, page, { version: 1, marker, nextMarker: page.last && textOf(page.last), owner: call.accountId })
}

/** ListObjectsV2. If a request has both `start-after` and a token, the later position counts. */
export async function listObjectsV2(call: BucketCall): Promise<Response> {
  const query = call.url.searchParams
  const version = query.get('list-type')
  if (version !== '2') throw notImplemented(`ListObjectsV${version}`)
  checkListingParameters(query, 'ListObjectsV2', V2)
  const asked = readAsked(query)
  const continuationToken = query.get('continuation-token') ?? undefined
  const startAfter = query.get('start-after') ?? undefined
  const started = startAfter ? markerPosition(startAfter, asked) : undefined
  const page = await listPage(call, asked, laterPosition(started, continuationToken ? readToken(continuationToken) : undefined))
  return render(call, asked, page, {
    version: 2,
    startAfter,
    continuationToken,
    nextContinuationToken: page.last && writeToken(page.last),
    owner: query.get('fetch-owner') === 'true' ? call.accountId : undefined,
  })
}

type Asked = ReturnType<typeof readAsked>

function readAsked(query: URLSearchParams) {
  return {
    encodingType: readEncodingType(query),
    maxKeys: readMaxKeys(query.get('max-keys')),
    prefix: query.get('prefix') ?? '',
    /** An empty delimiter counts as absent and is not echoed. */
    delimiter: optional(query.get('delimiter')),
  }
}

const listPage = ({ store, bucket }: BucketCall, { prefix, delimiter, maxKeys }: Asked, after: ListPosition | undefined) =>
  store.listSummaries(bucket, { prefix, delimiter, after, limit: maxKeys.limit })

type Page = Awaited<ReturnType<typeof listPage>>
type Rest = Omit<Parameters<typeof renderListBucket>[0], 'name' | 'prefix' | 'maxKeys' | 'isTruncated' | 'objects' | 'delimitedPrefixes'>

function render({ bucket }: BucketCall, asked: Asked, page: Page, rest: Rest): Response {
  return xmlResponse(
    renderListBucket({
      ...rest,
      name: bucket.name,
      prefix: asked.prefix,
      delimiter: asked.delimiter,
      encodingType: asked.encodingType,
      maxKeys: asked.maxKeys.asked,
      isTruncated: page.truncated,
      objects: page.items,
      delimitedPrefixes: page.delimitedPrefixes,
    }),
  )
}

const textOf = (position: ListPosition): string => ('key' in position ? position.key : position.prefix)
