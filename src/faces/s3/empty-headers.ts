import { headerList } from '../../core/header-list.ts'

/**
 * Headers that must not be dropped when they are empty. In `x-amz-meta-`, the empty string is a value like any other. The other headers
 * ask for a check, a condition, an encryption or a copy source. If we ignored an empty one, we could store, show or overwrite an object
 * against the client's wish. So the code that reads such a header refuses the empty value, as S3 does.
 */
const MEANT = [
  /^x-amz-meta-/,
  /^content-md5$/,
  /^x-amz-checksum-(?:crc|sha|md5|xxh)/,
  /^(?:x-amz-copy-source-|cf-copy-destination-|x-amz-rename-source-|x-amz-)?if-/,
  /-customer-(?:algorithm|key|key-md5)$/,
  /^x-amz-(?:copy|rename)-source$/,
]

/** Removes empty headers that ask for nothing. Many programs send every header that they know; S3 treats empty ones as absent. */
export function withoutEmpty(headers: Headers): Headers {
  const empty = headerList(headers).filter(([name, value]) => value === '' && !MEANT.some((form) => form.test(name)))
  if (empty.length === 0) return headers
  const others = new Headers(headers)
  for (const [name] of empty) others.delete(name)
  return others
}
