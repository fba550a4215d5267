/** These belong to the signature only. A query parameter with such a name does not count as a header. */
const NEVER_HEADERS = new Set(['x-amz-content-sha256', 'x-amz-date'])

/**
 * Returns the lowercase `x-amz-*` query parameters of a presigned URL. SDK presigners move headers there (checksums, metadata, SSE-C, the
 * copy source), and S3 treats them as headers. The parameters of the signature itself are spelled `X-Amz-*`.
 */
export function hoistedHeaders(url: URL): readonly (readonly [name: string, value: string])[] {
  return [...url.searchParams].filter(([name]) => /^x-amz-[a-z0-9-]+$/.test(name) && !NEVER_HEADERS.has(name))
}

/**
 * Returns the headers that an operation acts on. A hoisted value overrides a header of the same name: it is signed, while the header may be
 * unsigned. Values that a header cannot hold are dropped.
 */
export function effectiveHeaders(headers: Headers, hoisted: readonly (readonly [name: string, value: string])[]): Headers {
  if (hoisted.length === 0) return headers
  const effective = new Headers(headers)
  for (const [name, value] of hoisted) {
    if (!/[\0\r\n]/.test(value)) effective.set(name, value)
  }
  return effective
}
