import type { ByteSource } from '../../core/byte-source.ts'
import { unavailable } from '../../core/errors.ts'
import { madeMs } from '../../core/ids.ts'
import { PATIENCE_MS, TooLate, within } from '../../core/patience.ts'
import type { SegmentSpan } from '../../core/read-plan.ts'
import type {
  SegmentLabel,
  SegmentOpener,
  SegmentPage,
  SegmentPiece,
  SegmentRange,
  SegmentTier,
  SegmentWriter,
  StoredSegment,
} from '../tier.ts'
import { KvSource } from './kv-source.ts'
import { type KvMetadata, KvWriter } from './kv-writer.ts'

/** Segments never change, so a location may keep what it has read for as long as it likes. */
const CACHE_SECONDS = 365 * 86_400
/**
 * The least that KV allows. A location caches an absence, too, for as long as its first reader said; a reader that accepts only
 * younger answers looks past it.
 */
const RETRY_CACHE_SECONDS = 30
/**
 * The last try comes when the absence that the first one met is too old for it: until then the location may answer with that.
 * A client that still meets one is told to come back.
 */
const RETRY_MS = [50, 100, 200, 400, 800, 1600, 3000, 25_000]
/**
 * A value that was written longer ago than this is seen everywhere, and nobody can have met its absence before: a miss means that it is
 * lost, and a few quick tries are enough to be sure. An id tells when it was made; those of earlier versions tell nothing, and are old.
 */
const SETTLED_MS = 300_000
const QUICK_TRIES = 5
/** The platform's refusal of a request's 1,001st operation: each further one is refused, too. */
const EXHAUSTED = /too many (api|sub) ?requests/i
const CALLS_AT_ONCE = 5
/** A step of fsck may ask for the length of each and delete each: all of it stays below the 1,000 operations of an invocation. */
const LISTED_KEYS = 400

/** Waits; tests do not. */
export type Sleep = (ms: number) => Promise<unknown>

/** Segments as KV values. KV may not show a new value everywhere at once, so a read that misses is tried again. */
export class KvTier implements SegmentTier {
  readonly name = 'kv'
  readonly #kv: KVNamespace
  readonly #sleep: Sleep
  readonly #patienceMs: number

  constructor(kv: KVNamespace, sleep: Sleep = (ms) => scheduler.wait(ms), patienceMs = PATIENCE_MS) {
    this.#kv = kv
    this.#sleep = sleep
    this.#patienceMs = patienceMs
  }

  write(blobId: string, label?: SegmentLabel): SegmentWriter {
    return new KvWriter(this.#kv, blobId, { label, patienceMs: this.#patienceMs })
  }

  read(blobId: string): SegmentOpener {
    return async ({ n, sealed }: SegmentSpan): Promise<ByteSource> => {
      const source = new KvSource(() => this.#get(`${blobId}/${n}`), sealed, this.#patienceMs)
      await source.open()
      return source
    }
  }

  async delete(pieces: readonly SegmentPiece[]): Promise<void> {
    for (const { blobId, ...range } of pieces) {
      await forEach(range, (n) => within(this.#patienceMs, this.#kv.delete(`${blobId}/${n}`)))
    }
  }

  async lengths(blobId: string, { from, to }: SegmentRange): Promise<(number | null)[]> {
    const lengths: (number | null)[] = []
    await forEach({ from, to }, async (n) => {
      lengths[n - from] = await this.#length(`${blobId}/${n}`)
    })
    return lengths
  }

  /** KV lists what it likes to: a new segment may be absent for a minute, a deleted one present. */
  async list(after?: string): Promise<SegmentPage> {
    try {
      const page = await within(this.#patienceMs, this.#kv.list<KvMetadata>({ cursor: after, limit: LISTED_KEYS }))
      return { segments: page.keys.flatMap(storedSegment), next: page.list_complete ? undefined : page.cursor }
    } catch (error) {
      throw unavailable(error)
    }
  }

  /** As it was announced when it was written; only a value without metadata has to be read. */
  async #length(key: string): Promise<number | null> {
    const options = { type: 'stream', cacheTtl: RETRY_CACHE_SECONDS } as const
    const { value, metadata } = await within(this.#patienceMs, this.#kv.getWithMetadata<KvMetadata>(key, options))
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
        const value = await within(this.#patienceMs, this.#fetch(key, attempt === 0 ? CACHE_SECONDS : RETRY_CACHE_SECONDS))
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
  return ageMs < 0 || ageMs > SETTLED_MS
}

/** A key that no segment has belongs to someone else. */
function storedSegment({ name, metadata }: KVNamespaceListKey<KvMetadata>): StoredSegment[] {
  const [, blobId, n] = /^([0-9a-f]{32})\/(\d+)$/.exec(name) ?? []
  if (blobId === undefined) return []
  const label = metadata?.bucket === undefined ? undefined : { bucket: metadata.bucket, deadlineMs: metadata.deadlineMs }
  return [{ blobId, n: Number(n), label }]
}

/** Calls for each number of a range, a few at once. All are awaited, so that a failure leaves nothing running behind it. */
async function forEach({ from, to }: SegmentRange, call: (n: number) => Promise<unknown>): Promise<void> {
  let next = from
  const worker = async () => {
    while (next < to) await call(next++)
  }
  const workers = await Promise.allSettled(Array.from({ length: CALLS_AT_ONCE }, worker))
  const failed = workers.find((result) => result.status === 'rejected')
  if (failed) throw unavailable(failed.reason)
}
