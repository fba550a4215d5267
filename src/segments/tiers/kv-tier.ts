import type { ByteSource } from '../../core/byte-source.ts'
import { unavailable } from '../../core/errors.ts'
import { madeMs } from '../../core/ids.ts'
import { LIMITS } from '../../core/limits.ts'
import type { SegmentSpan } from '../../core/read-plan.ts'
import { SLOWEST_BYTES_PER_MS, STORE_TIMEOUT_MS, TooLate, within } from '../../core/timeout.ts'
import type {
  BlobSegments,
  SegmentLabel,
  SegmentOpener,
  SegmentPage,
  SegmentRange,
  SegmentTier,
  SegmentWriter,
  StoredSegment,
} from '../tier.ts'
import { KvSource } from './kv-source.ts'
import { type KvMetadata, KvWriter } from './kv-writer.ts'

/** Segments never change, so a location may cache a value for as long as it likes. */
const CACHE_SECONDS = 365 * 86_400
/**
 * The shortest time that KV allows. A location also caches a miss, for the time that its first reader asked for; a reader that accepts
 * only younger answers bypasses that entry.
 */
const RETRY_CACHE_SECONDS = 30
/**
 * KV caches a miss for 30 s at least. The last retry waits until the miss of the first attempt is older than that; until then the location
 * may answer with it. After another miss the client gets an error that asks for a retry.
 */
const RETRY_MS = [50, 100, 200, 400, 800, 1600, 3000, 25_000]
/**
 * A value that was written longer ago than this is visible everywhere, and no location caches an earlier miss. A miss then means that the
 * value is lost, and a few quick retries are enough to be sure.
 */
const SETTLED_MS = 180_000
/**
 * An id contains the time when its upload began; ids of earlier versions do not, and count as old. The segments of a blob are written one
 * after the other, each of them within this time by the slowest upload that we wait for.
 */
const SEGMENT_MS = LIMITS.kvValueBytes / SLOWEST_BYTES_PER_MS
const QUICK_TRIES = 5
/** The platform's refusal of a request's 1,001st operation. It refuses all further ones, so a retry is useless. */
const EXHAUSTED = /too many (api|sub) ?requests/i
const CALLS_AT_ONCE = 5
/** A step of fsck may read the length of each key and delete each key: together this stays below the 1,000 operations of an invocation. */
const LISTED_KEYS = 400

/** Waits; tests do not. */
export type Sleep = (ms: number) => Promise<unknown>

/** Stores segments as KV values. A new value may not be visible everywhere at once, so a read retries after a miss. */
export class KvTier implements SegmentTier {
  readonly name = 'kv'
  readonly batchesDeletes = false
  readonly #kv: KVNamespace
  readonly #sleep: Sleep
  readonly #timeoutMs: number

  constructor(kv: KVNamespace, sleep: Sleep = (ms) => scheduler.wait(ms), timeoutMs = STORE_TIMEOUT_MS) {
    this.#kv = kv
    this.#sleep = sleep
    this.#timeoutMs = timeoutMs
  }

  write(blobId: string, label?: SegmentLabel): SegmentWriter {
    return new KvWriter(this.#kv, blobId, { label, timeoutMs: this.#timeoutMs })
  }

  read(blobId: string): SegmentOpener {
    return async ({ n, sealed }: SegmentSpan): Promise<ByteSource> => {
      const source = new KvSource(() => this.#get(`${blobId}/${n}`), sealed, this.#timeoutMs)
      await source.open()
      return source
    }
  }

  async delete(ranges: readonly BlobSegments[]): Promise<void> {
    for (const { blobId, ...range } of ranges) {
      await forEach(range, (n) => within(this.#timeoutMs, this.#kv.delete(`${blobId}/${n}`)))
    }
  }

  async lengths(blobId: string, { from, to }: SegmentRange): Promise<(number | null)[]> {
    const lengths: (number | null)[] = []
    await forEach({ from, to }, async (n) => {
      lengths[n - from] = await this.#length(`${blobId}/${n}`)
    })
    return lengths
  }

  /** KV's lists lag behind: for about a minute a new segment may be missing and a deleted one present. */
  async list(after?: string): Promise<SegmentPage> {
    try {
      const page = await within(this.#timeoutMs, this.#kv.list<KvMetadata>({ cursor: after, limit: LISTED_KEYS }))
      return { segments: page.keys.flatMap(storedSegment), next: page.list_complete ? undefined : page.cursor }
    } catch (error) {
      throw unavailable(error)
    }
  }

  /** The length that the writer announced, from the metadata. Only a value without metadata has to be read. */
  async #length(key: string): Promise<number | null> {
    const options = { type: 'stream', cacheTtl: RETRY_CACHE_SECONDS } as const
    const { value, metadata } = await within(this.#timeoutMs, this.#kv.getWithMetadata<KvMetadata>(key, options))
    if (value === null) return null
    if (metadata?.sealedBytes === undefined) return (await new Response(value).arrayBuffer()).byteLength
    await value.cancel()
    return metadata.sealedBytes
  }

  #fetch(key: string, cacheTtl: number): Promise<ReadableStream<Uint8Array> | null> {
    return this.#kv.get(key, { type: 'stream', cacheTtl })
  }

  async #get(key: string): Promise<ReadableStream<Uint8Array>> {
    let cause: unknown = new Error(`Segment ${key} is missing in KV`)
    let missing = true
    for (let attempt = 0; ; attempt++) {
      try {
        const value = await within(this.#timeoutMs, this.#fetch(key, attempt === 0 ? CACHE_SECONDS : RETRY_CACHE_SECONDS))
        if (value) return value
        missing = true
      } catch (error) {
        cause = error
        missing = false
      }
      const wait = isFinal(cause) || (missing && attempt >= QUICK_TRIES && isSettled(key)) ? undefined : RETRY_MS[attempt]
      if (wait === undefined) throw unavailable(cause)
      await this.#sleep(wait)
    }
  }
}

const isFinal = (cause: unknown): boolean => cause instanceof TooLate || EXHAUSTED.test(String(cause))

function isSettled(key: string, nowMs = Date.now()): boolean {
  const ageMs = nowMs - madeMs(key)
  const segments = Number(key.split('/')[1]) + 1
  return ageMs < 0 || ageMs > segments * SEGMENT_MS + SETTLED_MS
}

/** Ignores keys that do not have the form of a segment's key: something else stored them. */
function storedSegment({ name, metadata }: KVNamespaceListKey<KvMetadata>): StoredSegment[] {
  const [, blobId, n] = /^([0-9a-f]{32})\/(\d+)$/.exec(name) ?? []
  if (blobId === undefined) return []
  const label = metadata?.bucket === undefined ? undefined : { bucket: metadata.bucket, deadlineMs: metadata.deadlineMs }
  return [{ blobId, n: Number(n), label }]
}

/** Makes a call for each number of a range, a few at once. It awaits all of them, so that none is still running after a failure. */
async function forEach({ from, to }: SegmentRange, call: (n: number) => Promise<unknown>): Promise<void> {
  let next = from
  const worker = async () => {
    while (next < to) await call(next++)
  }
  const workers = await Promise.allSettled(Array.from({ length: CALLS_AT_ONCE }, worker))
  const failed = workers.find((result) => result.status === 'rejected')
  if (failed) throw unavailable(failed.reason)
}
