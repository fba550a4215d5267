/**
 * Headers whose empty value is not the same as none. The empty text is metadata like any other. Whoever sends the others asks for a check,
 * a condition, an encryption or a source: to pass over it could store, show or overwrite what must not be, so each is refused where it is
 * read, as S3 refuses it.
 */
const MEANT = [
  /^x-amz-meta-/,
  /^content-md5$/,
  /^x-amz-checksum-(?:crc|sha|md5|xxh)/,
  /^(?:x-amz-copy-source-|cf-copy-destination-)?if-/,
  /-customer-(?:algorithm|key|key-md5)$/,
  /^x-amz-copy-source$/,
]

/** The headers without those that are empty and ask for nothing: many programs send each header that they know. S3 takes them for absent. */
export function withoutEmpty(headers: Headers): Headers {
  const empty = [...headers].filter(([name, value]) => value === '' && !MEANT.some((form) => form.test(name)))
  if (empty.length === 0) return headers
  const others = new Headers(headers)
  for (const [name] of empty) others.delete(name)
  return others
}
