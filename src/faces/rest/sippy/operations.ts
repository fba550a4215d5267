import { notImplemented } from '../../../core/errors.ts'
import type { SippySource } from '../../../core/sippy.ts'
import { checkNotOwnBucket } from '../../../sources/endpoint.ts'
import { type Answer, bucketOf, type RestCall } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { checkTargetToken } from '../target-token.ts'
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
  const { accessKeyId, secretAccessKey } = body.destination
  await checkTargetToken(call, { called: 'destination', bucket: bucketOf(call), accessKeyId, secretAccessKey })
  const made = await store.putSippy(bucketOf(call), { source, secrets, accessKeyId }, by())
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
