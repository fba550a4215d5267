import type { Actor } from '../../core/audit.ts'
import { StoreError } from '../../core/errors.ts'
import { randomId } from '../../core/ids.ts'
import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import { type ShownSippy, type SippySource, shownSippy } from '../../core/sippy.ts'
import { retrying, WHILE_A_CLIENT_WAITS } from '../../sources/backoff.ts'
import { type SourceSecrets, sippyPurpose } from '../../sources/secrets.ts'
import type { SourceFailure } from '../../sources/source.ts'
import type { Ports } from '../ports.ts'

/** A source for Sippy, with its credentials, and the R2 token that was named for the destination. */
export interface NewSippy {
  readonly source: SippySource
  readonly secrets: SourceSecrets
  readonly accessKeyId: string
}

/** The bucket's Sippy; `null` when it is off. @throws StoreError NoSuchBucket */
export async function getSippy(ports: Ports, bucket: BucketRef): Promise<ShownSippy | null> {
  const sippy = unwrap(await ports.bucket(bucket).getSippy())
  return sippy && shownSippy(sippy)
}

/**
 * Enables Sippy after one request to the source has shown that the credentials work.
 * @throws StoreError NoSuchBucket, InvalidArgument, InvalidUpstreamCredentials
 */
export async function putSippy(
  ports: Ports,
  bucket: BucketRef,
  { source, secrets, accessKeyId }: NewSippy,
  by?: Actor,
): Promise<ShownSippy> {
  unwrap(await ports.bucket(bucket).info())
  await verifySource(ports, source, secrets)
  const sealed = await ports.sippy.sources.seal(sippyPurpose(bucket), secrets)
  const sippy = { source, sealed, accessKeyId }
  unwrap(await ports.bucket(bucket).putSippy(sippy, by))
  return shownSippy(sippy)
}

/** Disables Sippy, if it is enabled. Copied objects stay. @throws StoreError NoSuchBucket */
export async function deleteSippy(ports: Ports, bucket: BucketRef, by?: Actor): Promise<void> {
  unwrap(await ports.bucket(bucket).deleteSippy(by))
}

/** Asks for a key that nobody has. `AccessDenied` is an answer to expect: a policy without the permission to list hides missing keys so. */
async function verifySource({ sippy }: Ports, source: SippySource, secrets: SourceSecrets): Promise<void> {
  const opened = retrying(sippy.sources.open(source, secrets), WHILE_A_CLIENT_WAITS)
  const probe = await opened.get(`cairn-sippy-probe-${randomId()}`, { range: { offset: 0, length: 1 } })
  if (probe.ok) return void (await probe.value.stream.cancel().catch(() => {}))
  const { kind, code } = probe.failure
  if (kind === 'absent' || (kind === 'denied' && code === 'AccessDenied')) return
  throw new StoreError('InvalidUpstreamCredentials', { message: reasonOf(probe.failure) })
}

function reasonOf({ kind, message }: SourceFailure): string {
  if (kind === 'no-bucket') return 'The upstream bucket does not exist.'
  if (kind === 'denied') return `The upstream credentials are not valid. ${message}`
  return `The upstream bucket cannot be read. ${message}`
}
