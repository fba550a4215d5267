import { invalidArgument, notImplemented } from '../../core/errors.ts'
import { decodeKey } from '../../core/key.ts'
import { readConditions } from '../../http/conditions.ts'
import { readCustomerKey } from '../../http/ssec.ts'
import type { CopySource } from '../../store/objects/copy-object.ts'
import type { S3Call } from './call.ts'

/**
 * Reads `x-amz-copy-source` with its conditions and customer key.
 * The source lies in the jurisdiction that the request was sent to.
 * @throws StoreError InvalidArgument, InvalidObjectName, NotImplemented
 */
export function readCopySource({ headers, jurisdiction }: Pick<S3Call, 'headers' | 'jurisdiction'>): CopySource {
  const { path, versioned } = splitCopySource(headers)
  if (versioned) throw notImplemented('versionId')
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(path) ?? []
  if (!bucket || !key) throw invalidArgument('copy source bucket name')
  return {
    at: { bucket: { jurisdiction, name: bucket }, key },
    conditions: readConditions(headers, 'x-amz-copy-source-'),
    customerKey: readCustomerKey(headers, 'copy-source-'),
  }
}

/**
 * Returns the name of the bucket that a copy reads, even if the rest of the source is invalid.
 * @throws StoreError InvalidObjectName
 */
export function copySourceBucket(headers: Headers): string {
  const [, encoded = ''] = /^(?:\/|%2F)?(.*?)(?:\/|%2F|$)/is.exec(headers.get('x-amz-copy-source') ?? '') ?? []
  return decodeKey(encoded)
}

/**
 * Returns the key that a copy reads. It is empty when the source has no key.
 * @throws StoreError InvalidObjectName
 */
export function copySourceKey(headers: Headers): string {
  const [, key = ''] = /^\/?[^/]+\/(.+)$/s.exec(splitCopySource(headers).path) ?? []
  return key
}

/**
 * Splits `bucket/key` or `/bucket/key`. Decodes the whole text once, because some clients percent-encode the slashes too.
 * Only `?versionId=` ends the key: any other question mark is part of the key.
 */
function splitCopySource(headers: Headers): { path: string; versioned: boolean } {
  const value = headers.get('x-amz-copy-source') ?? ''
  const [, encoded = '', version] = /^(.*?)(\?versionId=.*)?$/s.exec(value) ?? []
  return { path: decodeKey(encoded), versioned: version !== undefined }
}
