// Answers of a bucket as plain values, so that those of two buckets can be compared.

/** What a call throws: its class, its text, and whether it has properties of its own. */
export async function failure(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    const own = Object.keys(error as Error)
    return `${(error as Error).constructor.name}: ${(error as Error).message}${own.length > 0 ? ` {${own}}` : ''}`
  }
  throw new Error('Nothing was thrown')
}

/** Everything that an object shows, but for what differs from write to write. */
export function shown(object: R2Object | R2ObjectBody | null | undefined): Record<string, unknown> | null {
  if (!object) return null
  const { key, size, etag, httpEtag, httpMetadata, customMetadata, range, ssecKeyMd5 } = object
  return {
    ...{ key, size, etag, httpEtag, httpMetadata, customMetadata, range, ssecKeyMd5 },
    // Copied fields of the runtime's own classes would not compare equal to plain ones.
    hashes: JSON.stringify(object.checksums),
    digests: [object.checksums.md5, object.checksums.sha1, object.checksums.sha256, object.checksums.sha384, object.checksums.sha512].map(
      (digest) => digest?.byteLength,
    ),
    version: /^[0-9a-f]{32}$/.test(object.version),
    uploaded: object.uploaded instanceof Date && Math.abs(Date.now() - object.uploaded.getTime()) < 600_000,
    body: 'body' in object && object.body instanceof ReadableStream,
  }
}

/** The object of a read, and its text. */
export async function read(got: R2ObjectBody | R2Object | null): Promise<unknown> {
  return { ...shown(got), text: got && 'text' in got ? await got.text() : undefined }
}

/** A page of a listing. */
export function page(listed: R2Objects): unknown {
  return {
    keys: listed.objects.map(({ key }) => key),
    delimitedPrefixes: listed.delimitedPrefixes,
    truncated: listed.truncated,
    cursor: typeof (listed as { cursor?: string }).cursor,
  }
}

/** A stream that knows its length. */
export function fixed(text: string, length = text.length): ReadableStream {
  const { readable, writable } = new FixedLengthStream(length)
  const writer = writable.getWriter()
  writer
    .write(new TextEncoder().encode(text))
    .then(() => writer.close())
    .catch(() => {})
  return readable
}
