import { invalidArgument } from '../../core/errors.ts'
import { decodeKey } from '../../core/key.ts'

/**
 * Returns the key that `x-amz-rename-source` names: percent-encoded, with or without a slash before it, and without a bucket, since an
 * object stays in its bucket. So a key that starts with a slash is written as `%2F` or with two slashes.
 * @throws StoreError InvalidArgument, InvalidObjectName
 */
export function renameSourceKey(headers: Headers): string {
  const value = headers.get('x-amz-rename-source') ?? ''
  const key = decodeKey(value.startsWith('/') ? value.slice(1) : value)
  if (key === '') throw invalidArgument('rename source key')
  return key
}
