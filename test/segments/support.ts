import { env } from 'cloudflare:workers'
import { newBlobId } from '../../src/core/blob.ts'
import type { ByteSource } from '../../src/core/byte-source.ts'
import { bytesSource } from '../../src/core/byte-sources.ts'
import { unavailable } from '../../src/core/errors.ts'
import { BufferWriter } from '../../src/segments/buffer-writer.ts'
import { type KeyOwner, Keyring } from '../../src/segments/keyring.ts'
import type { BlobSegments, SegmentLabel, SegmentPage, SegmentRange, SegmentTier } from '../../src/segments/tier.ts'

interface Bindings {
  readonly SEGMENTS_KV: KVNamespace
  readonly SEGMENTS: D1Database
}

export const { SEGMENTS_KV: kv, SEGMENTS: d1 } = env as unknown as Bindings

export const MASTER_KEY = new Uint8Array(32).map((_, i) => i).toBase64()
export const keyring = new Keyring(MASTER_KEY)
export const owner: KeyOwner = { bucket: { jurisdiction: 'default', name: 'photos' } }
export const customerKey = (fill: number) => ({ key: new Uint8Array(32).fill(fill), keyMd5: `md5-of-${fill}` })

export { newBlobId }

/** Bytes that tell where they are. */
export const pattern = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(size).map((_, i) => (i * 31 + (i >> 8)) & 0xff)

export const concat = (pieces: readonly Uint8Array[]): Uint8Array => new Uint8Array(pieces.flatMap((piece) => [...piece]))

export const ignored = { update() {} }

/** Lets everything that is ready run. */
export const settle = (ms = 5): Promise<void> => scheduler.wait(ms)

/** A source in memory that counts; `failAfter` bytes it throws. */
export class TestSource implements ByteSource {
  cancelled = 0
  reads = 0
  #at = 0
  readonly #inner: ByteSource
  readonly #failAfter: number

  constructor(bytes: Uint8Array, failAfter = Number.POSITIVE_INFINITY) {
    this.#inner = bytesSource(bytes)
    this.#failAfter = failAfter
  }

  async read(size: number): Promise<Uint8Array> {
    this.reads++
    if (this.#at + size > this.#failAfter) throw new Error('The connection was lost')
    const bytes = await this.#inner.read(size)
    this.#at += bytes.byteLength
    return bytes
  }

  async cancel(): Promise<void> {
    this.cancelled++
  }
}

/** Keeps segments in a map, where a test can look at them and alter them. */
export class MemoryTier implements SegmentTier {
  readonly name = 'kv'
  readonly batchesDeletes = false
  readonly segments = new Map<string, Uint8Array>()
  readonly opened: string[] = []
  readonly #labels = new Map<string, SegmentLabel>()
  open = 0

  write(blobId: string, label?: SegmentLabel) {
    const { segments } = this
    if (label) this.#labels.set(blobId, label)
    return new (class extends BufferWriter {
      override async finish() {
        await super.finish()
        this.segments.forEach((sealed, n) => {
          segments.set(`${blobId}/${n}`, sealed.slice())
        })
      }
    })()
  }

  async lengths(blobId: string, { from, to }: SegmentRange) {
    return Array.from({ length: to - from }, (_, index) => this.segments.get(`${blobId}/${from + index}`)?.byteLength ?? null)
  }

  async list(): Promise<SegmentPage> {
    const names = [...this.segments.keys()].map((name) => name.split('/') as [string, string])
    return { segments: names.map(([blobId, n]) => ({ blobId, n: Number(n), label: this.#labels.get(blobId) })) }
  }

  read(blobId: string) {
    return async ({ n, sealed: { offset, length } }: { n: number; sealed: { offset: number; length: number } }): Promise<ByteSource> => {
      const bytes = this.segments.get(`${blobId}/${n}`)
      this.opened.push(`${blobId}/${n}`)
      if (!bytes) throw unavailable(new Error('The segment is missing'))
      this.open++
      const source = bytesSource(bytes.subarray(offset, offset + length))
      let cancelled = false
      const cancel = async () => {
        if (!cancelled) this.open--
        cancelled = true
        await source.cancel()
      }
      return { read: (size) => source.read(size), cancel }
    }
  }

  async delete(pieces: readonly BlobSegments[]) {
    for (const { blobId, from, to } of pieces) for (let n = from; n < to; n++) this.segments.delete(`${blobId}/${n}`)
  }
}

/** Counts the calls to each method of a binding. */
export function counting<T extends object>(binding: T): { binding: T; calls: Record<string, number> } {
  const calls: Record<string, number> = {}
  const proxy = new Proxy(binding, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        calls[String(name)] = (calls[String(name)] ?? 0) + 1
        return Reflect.apply(value, target, args)
      }
    },
  })
  return { binding: proxy, calls }
}

/** A namespace that differs from the real one in some methods. */
export const kvWith = (changes: object): KVNamespace =>
  new Proxy(kv, {
    get: (target, name) => {
      const value = Reflect.get(changes, name) ?? Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
