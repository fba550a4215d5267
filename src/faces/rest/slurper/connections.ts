import type { BucketRef } from '../../../core/object.ts'
import { checkNotOwnBucket } from '../../../sources/endpoint.ts'
import { openSource, type SourceConfig, s3PlaceOf } from '../../../sources/open-source.ts'
import type { SourceSecrets } from '../../../sources/secrets.ts'
import type { Source } from '../../../sources/source.ts'
import type { RestCall } from '../call.ts'
import { checkTargetToken } from '../target-token.ts'
import type { SourceBody, TargetBody } from './schemas.ts'

// The two ends of a migration, as a request names them.

/** Parts a source from its credentials. */
export function configOf(body: SourceBody): { readonly config: SourceConfig; readonly secrets: SourceSecrets } {
  const { bucket, secret: secrets } = body
  switch (body.vendor) {
    case 'gcs':
      return { config: { provider: 'gcs', bucket }, secrets }
    case 'r2':
      return { config: { provider: 'r2', bucket, jurisdiction: body.jurisdiction, accountId: body.accountId }, secrets }
    case 's3': {
      const { endpoint, region } = body
      return { config: endpoint ? { provider: 's3', endpoint, bucket, region } : { provider: 'aws', bucket, region }, secrets }
    }
  }
}

/**
 * Opens the source of a request. No request leaves yet.
 * @throws StoreError InvalidArgument for an address that is not permitted, also for the target itself
 */
export function openSourceOf({ config, url }: Pick<RestCall, 'config' | 'url'>, body: SourceBody, target?: BucketRef): Source {
  const { config: source, secrets } = configOf(body)
  const opened = openSource(source, secrets, config.sources)
  if (target && source.provider !== 'gcs') {
    const hosts = [url.host, ...(config.s3Host ? [config.s3Host] : []), ...config.hosts]
    checkNotOwnBucket(new URL(s3PlaceOf(source, config.sources).root), { hosts, bucket: target.name })
  }
  return opened
}

export const refOf = ({ bucket: name, jurisdiction = 'default' }: TargetBody): BucketRef => ({ jurisdiction, name })

/**
 * Checks that the bucket of a target is there, and that its credentials are those of an API token that may read and write its objects.
 * @throws StoreError NoSuchBucket, InvalidUpstreamCredentials
 */
export async function checkTarget(call: Pick<RestCall, 'control' | 'store' | 'nowMs' | 'request'>, target: TargetBody): Promise<void> {
  const bucket = refOf(target)
  await checkTargetToken(call, { called: 'target', bucket, ...target.secret })
  await call.store.headBucket(bucket)
}
