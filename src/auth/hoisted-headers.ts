/** Only ever part of the signature itself; a parameter of that name is not a header. */
const NEVER_HEADERS = new Set(['x-amz-content-sha256', 'x-amz-date'])

/**
 * The lowercase `x-amz-*` query parameters of a presigned URL: SDK presigners move headers there (checksums, metadata, SSE-C, the
 * copy source), and S3 treats them as headers. The signature's own parameters are spelled `X-Amz-*`.
 */
export function hoistedHeaders(url: URL): readonly (readonly [name: string, value: string])[] {
  return [...url.searchParams].filter(([name]) => /^x-amz-[a-z0-9-]+$/.test(name) && !NEVER_HEADERS.has(name))
}

/**
 * The headers that an operation acts on. A hoisted value wins over a header of the same name: it is signed, and the header need not be.
 * Values that no header can carry are dropped.
 */
export function effectiveHeaders(headers: Headers, hoisted: readonly (readonly [name: string, value: string])[]): Headers {
  if (hoisted.length === 0) return headers
  const effective = new Headers(headers)
  for (const [name, value] of hoisted) {
    if (!/[\0\r\n]/.test(value)) effective.set(name, value)
  }
  return effective
}
