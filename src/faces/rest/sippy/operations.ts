import { allows, isLive } from '../../../auth/policies.ts'
import { sameText } from '../../../auth/signature.ts'
import { notImplemented, StoreError } from '../../../core/errors.ts'
import type { SippySource } from '../../../core/sippy.ts'
import { checkNotOwnBucket } from '../../../sources/endpoint.ts'
import { type Answer, bucketOf, type RestCall } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { type NewSource, type PutSippyBody, type Sippy, toRest } from './schemas.ts'

type SippyCall<Body = unknown> = RestCall<{ params: 'bucket_name'; headers: JurisdictionHeader; body: Body }>

export async function getSippy(call: SippyCall): Promise<Answer<Sippy>> {
  const { store, accountId, params } = call
  return { result: toRest(await store.getSippy(bucketOf(call)), accountId, params.bucket_name) }
}

/** Enables Sippy, or gives it another source. Both credentials are tried first. */
export async function putSippy(call: SippyCall<PutSippyBody>): Promise<Answer<Sippy>> {
  const { store, accountId, params, body, by } = call
  const { source, secrets } = split(body.source)
  if (source.provider === 's3') checkNotOwn(call, source.bucketUrl)
  await checkDestination(call)
  const made = await store.putSippy(bucketOf(call), { source, secrets, accessKeyId: body.destination.accessKeyId }, by())
  return { result: toRest(made, accountId, params.bucket_name) }
}

export async function deleteSippy(call: SippyCall): Promise<Answer<Sippy>> {
  await call.store.deleteSippy(bucketOf(call), call.by())
  return { result: { enabled: false } }
}

/** Parts a source from its credentials. @throws StoreError NotImplemented */
function split(given: NewSource): { source: SippySource; secrets: Record<string, string> } {
  switch (given.provider) {
    case 'aws': {
      const { provider, bucket, region, ...secrets } = given
      return { source: { provider, bucket, ...(region && { region }) }, secrets }
    }
    case 'gcs': {
      const { provider, bucket, ...secrets } = given
      return { source: { provider, bucket }, secrets }
    }
    case 's3': {
      const { provider, bucketUrl, ...secrets } = given
      return { source: { provider, bucketUrl }, secrets }
    }
    case 'azure':
      throw notImplemented('Azure as the source of Sippy')
  }
}

/** @throws StoreError InvalidArgument for a source that is this bucket */
function checkNotOwn({ config, url, params }: SippyCall, bucketUrl: string): void {
  const source = URL.parse(bucketUrl)
  const hosts = [url.host, ...(config.s3Host ? [config.s3Host] : []), ...config.hosts]
  if (source) checkNotOwnBucket(source, { hosts, bucket: params.bucket_name })
}

/**
 * Checks the token of the destination: it must be able to read and write objects of the bucket. Copies are made by the deployment itself, so
 * the token's secret is not stored.
 * @throws StoreError InvalidUpstreamCredentials
 */
async function checkDestination(call: SippyCall<PutSippyBody>): Promise<void> {
  const { control, nowMs, body } = call
  const { accessKeyId, secretAccessKey } = body.destination
  const found = await control.findToken(accessKeyId, nowMs)
  const isKnown = found !== null && isLive(found.token, nowMs) && sameText(found.secretAccessKey, secretAccessKey)
  const mayCopy = isKnown && (['object:read', 'object:write'] as const).every((needs) => allows(found.token, needs, bucketOf(call)))
  if (mayCopy) return
  throw new StoreError('InvalidUpstreamCredentials', {
    message:
      'The credentials of the destination are not valid: they must be those of an API token that may read and write objects of the bucket.',
  })
}
