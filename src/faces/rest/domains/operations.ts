import type * as z from 'zod'
import { permits } from '../../../auth/session-scope.ts'
import type { Config } from '../../../config.ts'
import { type Domain, isReservedHost } from '../../../core/domain.ts'
import { invalidArgument, StoreError } from '../../../core/errors.ts'
import { PUBLIC_SEGMENT } from '../../../core/reserved-names.ts'
import { type Answer, bucketOf, changeOf, type RestCall } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import {
  type AttachDomainBody,
  type AttachedDomain,
  type CustomDomain,
  type ManagedDomain,
  type ManagedDomainBody,
  settingsOf,
  toCustomDomain,
  toNamed,
  type UpdateDomainBody,
  type UpdatedDomain,
} from './schemas.ts'

type BucketCall<Body = unknown> = RestCall<{ params: 'bucket_name'; headers: JurisdictionHeader; body: Body }>
type DomainCall<Body = unknown> = RestCall<{ params: 'bucket_name' | 'domain'; headers: JurisdictionHeader; body: Body }>

export async function getManagedDomain(call: BucketCall): Promise<Answer<z.input<typeof ManagedDomain>>> {
  return { result: toManaged(call, await call.control.managedDomain(await call.store.headBucket(bucketOf(call)), call.nowMs)) }
}

export async function putManagedDomain(call: BucketCall<ManagedDomainBody>): Promise<Answer<z.input<typeof ManagedDomain>>> {
  const bucket = await call.store.headBucketToChange(bucketOf(call))
  return { result: toManaged(call, await call.control.setManagedDomain(changeOf(call), bucket, call.body.enabled)) }
}

export async function listCustomDomains(call: BucketCall): Promise<Answer<{ domains: CustomDomain[] }>> {
  const bucket = await call.store.headBucket(bucketOf(call))
  return { result: { domains: (await call.control.listCustomDomains(bucket)).map(toCustomDomain) } }
}

export async function attachCustomDomain(call: BucketCall<AttachDomainBody>): Promise<Answer<z.input<typeof AttachedDomain>>> {
  const { domain: host, zoneId } = call.body
  // A host belongs to the whole account. A token for one bucket must not take a host of another team or of the API.
  if (!permits(call.identity, { needs: 'bucket:write', action: 'AttachCustomDomain' })) throw new StoreError('AuthenticationError')
  // A bucket on the host of this API would hide the API, so that nobody could remove the domain again.
  if (isReservedHost(host, call.config, call.url.hostname)) throw new StoreError('DomainInUse')
  const bucket = await call.store.headBucketToChange(bucketOf(call))
  const attached = await call.control.attachDomain(changeOf(call), bucket, { host, zoneId, ...settingsOf(call.body) })
  return { result: toNamed(attached) }
}

export async function getCustomDomain(call: DomainCall): Promise<Answer<CustomDomain>> {
  const bucket = await call.store.headBucket(bucketOf(call))
  return { result: toCustomDomain(await call.control.getDomain(bucket, hostOf(call))) }
}

export async function updateCustomDomain(call: DomainCall<UpdateDomainBody>): Promise<Answer<z.input<typeof UpdatedDomain>>> {
  if ((call.body.domain ?? hostOf(call)) !== hostOf(call)) throw invalidArgument('The domain of the body is not that of the path')
  const bucket = await call.store.headBucketToChange(bucketOf(call))
  const { zoneId: _, ...updated } = toNamed(await call.control.updateDomain(changeOf(call), bucket, hostOf(call), settingsOf(call.body)))
  return { result: updated }
}

export async function removeCustomDomain(call: DomainCall): Promise<Answer<{ domain: string }>> {
  const bucket = await call.store.headBucketToChange(bucketOf(call))
  await call.control.removeDomain(changeOf(call), bucket, hostOf(call))
  return { result: { domain: hostOf(call) } }
}

const hostOf = ({ params }: DomainCall): string => params.domain.toLowerCase()

const toManaged = ({ url, config }: BucketCall, { host: bucketId, enabled }: Domain): z.input<typeof ManagedDomain> => ({
  bucketId,
  domain: managedHost(bucketId, url, config),
  enabled,
})

/** Returns the managed host of a bucket. Hosts below `S3_HOST` and `localhost` reach Cairn. With one host only, as on workers.dev, it is a path. */
function managedHost(id: string, { hostname, port, host }: URL, { s3Host }: Config): string {
  if (s3Host !== undefined) return `pub-${id}.${s3Host}`
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return `pub-${id}.localhost${port && `:${port}`}`
  return `${host}/${PUBLIC_SEGMENT}/${id}`
}
