import { admitsAddress } from '../../auth/addresses.ts'
import { allows, isLive } from '../../auth/policies.ts'
import { sameText } from '../../auth/signature.ts'
import { StoreError } from '../../core/errors.ts'
import type { BucketRef } from '../../core/object.ts'
import { clientAddress } from '../../http/client-network.ts'
import type { RestCall } from './call.ts'

/** The bucket that a copy writes into, and the token that is named for it. */
export interface CopyTarget {
  /** How the API calls this end of the copy. */
  readonly called: 'destination' | 'target'
  readonly bucket: BucketRef
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/**
 * Checks the token of the bucket that Sippy or a migration writes into: it must be able to read and write the bucket's objects, from the
 * address of this request. The deployment makes the copies itself, so the secret of the token is not stored.
 * @throws StoreError InvalidUpstreamCredentials
 */
export async function checkTargetToken(
  { control, nowMs, request }: Pick<RestCall, 'control' | 'nowMs' | 'request'>,
  { called, bucket, accessKeyId, secretAccessKey }: CopyTarget,
): Promise<void> {
  const found = await control.findToken(accessKeyId, nowMs)
  const isKnown = found !== null && isLive(found.token, nowMs) && sameText(found.secretAccessKey, secretAccessKey)
  const mayUse = isKnown && admitsAddress(found.token, clientAddress(request))
  if (mayUse && (['object:read', 'object:write'] as const).every((needs) => allows(found.token, needs, bucket))) return
  throw new StoreError('InvalidUpstreamCredentials', {
    message: `The credentials of the ${called} are not valid: they must be those of an API token that may read and write objects of the bucket.`,
  })
}
