import { invalidArgument } from '../core/errors.ts'
import type { Jurisdiction } from '../core/object.ts'
import { type OutboundRules, readEndpoint } from './endpoint.ts'
import { type GcsPlace, GcsSource } from './gcs/gcs-source.ts'
import { type Place, placeOf } from './s3/place.ts'
import { S3Source } from './s3/s3-source.ts'
import type { SourceSecrets } from './secrets.ts'
import type { Source } from './source.ts'

/** Which bucket of another provider is meant. It holds no secret. */
export type SourceConfig =
  | { readonly provider: 'aws'; readonly bucket: string; readonly region?: string }
  /** Any store that speaks S3, by the URL of the bucket. */
  | { readonly provider: 's3'; readonly bucketUrl: string; readonly region?: string }
  /** The same, by the address of the store and the name of the bucket. */
  | { readonly provider: 's3'; readonly endpoint: string; readonly bucket: string; readonly region?: string }
  | { readonly provider: 'r2'; readonly bucket: string; readonly jurisdiction?: Jurisdiction; readonly accountId?: string }
  | GcsConfig

export interface GcsConfig {
  readonly provider: 'gcs'
  readonly bucket: string
}

/** The settings of a deployment about sources. */
export interface SourceSettings extends OutboundRules {
  /** The account whose R2 a source without an account is in. */
  readonly accountId: string
  /** Other addresses than the provider's own, for private endpoints and stand-ins. */
  readonly awsEndpoint?: string
  readonly r2Endpoint?: string
  readonly gcsEndpoint?: string
  readonly gcsTokenUrl?: string
}

/**
 * Opens a source. No request leaves yet.
 * @throws StoreError InvalidArgument for an address that is not permitted, or a credential that is missing
 */
export function openSource(config: SourceConfig, secrets: SourceSecrets, settings: SourceSettings): Source {
  if (config.provider === 'gcs') {
    const account = { clientEmail: named(secrets, 'clientEmail'), privateKey: named(secrets, 'privateKey') }
    return new GcsSource(gcsPlaceOf(config, settings), account)
  }
  return new S3Source(s3PlaceOf(config, settings), {
    accessKeyId: named(secrets, 'accessKeyId'),
    secretAccessKey: named(secrets, 'secretAccessKey'),
  })
}

/** Where the bucket of an S3 source is. @throws StoreError InvalidArgument */
export function s3PlaceOf(config: Exclude<SourceConfig, GcsConfig>, settings: SourceSettings): Place {
  switch (config.provider) {
    case 'aws': {
      const { bucket, region } = config
      return placeOf(settings.awsEndpoint ? { bucket, region, endpoint: settings.awsEndpoint } : { bucket, region }, settings)
    }
    case 'r2':
      return placeOf({ bucket: config.bucket, region: 'auto', endpoint: r2Endpoint(config, settings) }, settings)
    case 's3':
      return placeOf(config, settings)
  }
}

/** Where a bucket of Google Cloud Storage is. @throws StoreError InvalidArgument */
function gcsPlaceOf({ bucket }: GcsConfig, settings: SourceSettings): GcsPlace {
  if (!/^[a-z0-9][a-z0-9._-]{1,221}$/.test(bucket)) throw invalidArgument('The name of the source bucket is not valid.')
  const { gcsEndpoint = 'https://storage.googleapis.com', gcsTokenUrl = 'https://oauth2.googleapis.com/token' } = settings
  return { bucket, storage: readEndpoint(gcsEndpoint, settings).origin, tokenUrl: readEndpoint(gcsTokenUrl, settings).href }
}

/** A jurisdiction is a label of the host, behind the account's. */
function r2Endpoint({ accountId, jurisdiction = 'default' }: SourceConfig & { provider: 'r2' }, settings: SourceSettings): string {
  if (settings.r2Endpoint) {
    return jurisdiction === 'default' ? settings.r2Endpoint : settings.r2Endpoint.replace('://', `://${jurisdiction}.`)
  }
  const label = jurisdiction === 'default' ? '' : `.${jurisdiction}`
  return `https://${accountId ?? settings.accountId}${label}.r2.cloudflarestorage.com`
}

function named(secrets: SourceSecrets, name: string): string {
  const secret = secrets[name]
  if (!secret) throw invalidArgument(`The source needs ${name}.`)
  return secret
}
