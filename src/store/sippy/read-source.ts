import { bytesSource } from '../../core/byte-sources.ts'
import { evaluateConditions } from '../../core/conditions.ts'
import { StoreError } from '../../core/errors.ts'
import { checkNewKey } from '../../core/key.ts'
import { type Hold, isolateMemory } from '../../core/memory-budget.ts'
import type { ByteSpan, ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import { resolveRange } from '../../core/range.ts'
import type { Elsewhere } from '../../core/sippy.ts'
import { sippyPurpose } from '../../sources/secrets.ts'
import type { Source, SourceBody, SourceHead } from '../../sources/source.ts'
import { timedSource } from '../../sources/timed-source.ts'
import type { Found, Looked } from '../bucket-api.ts'
import type { GetOptions } from '../objects/get-object.ts'
import { openFound } from '../objects/read-body.ts'
import type { Ports } from '../ports.ts'
import { COPY_NOW_BYTES, type Copy, copyLater, finishCopy, storeCopy, takeCopyNow } from './copy-now.ts'
import { Listener, overheard, QUEUE_BYTES } from './listener.ts'
import { storeUnsized } from './store-unsized.ts'
import { hasConditions, headOfSource, isSized, refusalOf, type SizedHead, valueFrom } from './translate.ts'

type Body = ReadableStream<Uint8Array> | Uint8Array

/** A read of an object that the bucket does not have. */
interface Visit {
  readonly ports: Ports
  readonly at: ObjectRef
  readonly options: GetOptions
  readonly elsewhere: Elsewhere
  readonly source: Source
}

/** Bodies up to this size are in memory as a whole: their answer need not wait for the copy, and the copy not for the client. */
const WHOLE_BYTES = 1024 * 1024

/**
 * Reads an object from the source of the bucket's Sippy, and copies it into the bucket.
 * @throws StoreError NoSuchKey, PreconditionFailed, InvalidRange, InvalidPartNumber, ServiceUnavailable
 */
export async function getFromSource(ports: Ports, at: ObjectRef, options: GetOptions, elsewhere: Elsewhere): Promise<Looked<Body>> {
  const visit = await arrive(ports, at, options, elsewhere)
  const got = await readSource(visit)
  ports.sippy.note(at.bucket, 'served', 0)
  return got
}

async function readSource(visit: Visit): Promise<Looked<Body>> {
  const { at, options } = visit
  if (options.range === undefined && options.partNumber === undefined && !hasConditions(options.conditions)) return getWhole(visit)
  const head = valueFrom(at.bucket, await visit.source.head(at.key))
  if (!isSized(head)) return storeFirst(visit)
  const looked = judge(visit, head)
  if (looked.kind === 'not-modified') return looked
  return looked.span.length === head.size ? getWhole(visit, head) : getPiece(visit, head, looked)
}

/** Reads the head of an object from the source. Copies nothing, unless only a copy can tell the size. */
export async function headFromSource(ports: Ports, at: ObjectRef, options: GetOptions, elsewhere: Elsewhere): Promise<Looked<null>> {
  const visit = await arrive(ports, at, options, elsewhere)
  const head = valueFrom(at.bucket, await visit.source.head(at.key))
  ports.sippy.note(at.bucket, 'served', 0)
  if (isSized(head)) return judge(visit, head)
  const looked = await storeFirst(visit)
  if (looked.kind === 'not-modified') return looked
  if (looked.body instanceof ReadableStream) await looked.body.cancel()
  return { ...looked, body: null }
}

/** Customers' keys are not sent to a source. A key that cannot be written here is not asked for. */
async function arrive(ports: Ports, at: ObjectRef, options: GetOptions, elsewhere: Elsewhere): Promise<Visit> {
  if (options.customerKey || at.key === '') throw new StoreError('NoSuchKey')
  checkNewKey(at.key)
  const { source: config, sealed } = elsewhere.sippy
  const source = await ports.sippy.sources.openSealed(config, { purpose: sippyPurpose(at.bucket), sealed })
  return { ports, at, options, elsewhere, source }
}

/** Answers conditions and ranges as the bucket itself would, by the head that the source gave. */
function judge({ ports, options, elsewhere }: Visit, sized: SizedHead): Looked<null> {
  const head = headOfSource(sized, elsewhere, ports.sippy.keepsHttpMetadata)
  const verdict = options.conditions ? evaluateConditions(options.conditions, head) : 'ok'
  if (verdict === 'failed' && options.dialect !== 'binding') throw new StoreError('PreconditionFailed')
  if (verdict !== 'ok') return { kind: 'not-modified', head }
  return { kind: 'found', head, span: spanOf(options, head.size), body: null, fromSource: true }
}

function spanOf({ range, partNumber }: GetOptions, size: number): ByteSpan {
  if (partNumber !== undefined && partNumber !== 1) throw new StoreError('InvalidPartNumber')
  return range ? resolveRange(range, size) : { offset: 0, length: size }
}

/** A piece comes from the source, and the whole object is copied behind it. */
async function getPiece({ ports, at, source }: Visit, head: SizedHead, looked: Found<null>): Promise<Found<Body>> {
  if (looked.span.length === 0) return { ...looked, body: new Uint8Array(0) }
  const piece = valueFrom(at.bucket, await source.get(at.key, { range: looked.span, ifMatch: head.etag }))
  if (piece.offset !== looked.span.offset || piece.length !== looked.span.length) {
    await piece.stream.cancel().catch(() => {})
    throw refusalOf(at.bucket, { kind: 'unreachable', message: 'It sent another range than the one that was asked for.' })
  }
  ports.sippy.keepAlive(copyBehind(ports, { at, source, head }).catch((error) => console.warn('Sippy could not start a copy:', error)))
  return { ...looked, body: piece.stream }
}

/** Copies an object that no client reads as a whole. */
async function copyBehind(ports: Ports, { at, source, head }: { at: ObjectRef; source: Source; head: SizedHead }): Promise<void> {
  if (head.size > COPY_NOW_BYTES) return copyLater(ports, at, head)
  const copy = await takeCopyNow(ports, at, head)
  if (!copy) return
  await finishCopy(ports, copy, async () => {
    const got = valueFrom(at.bucket, await source.get(at.key, { ifMatch: head.etag }))
    return storeCopy(ports, copy, timedSource(got.stream))
  })
}

/** The whole object, to the client and into the bucket at once. */
async function getWhole(visit: Visit, known?: SourceHead): Promise<Looked<Body>> {
  const { ports, at, source, elsewhere } = visit
  const got = valueFrom(at.bucket, await source.get(at.key, { ifMatch: known?.etag }))
  const { head, length } = got
  if (!isSized(head) || length === undefined || head.size !== length || got.offset !== 0) return storeFirst(visit, got)
  const answer = (body: Body): Looked<Body> => ({
    kind: 'found',
    head: headOfSource(head, elsewhere, ports.sippy.keepsHttpMetadata),
    span: { offset: 0, length },
    body,
    fromSource: true,
  })
  if (length <= WHOLE_BYTES) return answer(await readAndCopy(visit, head, got))
  if (length <= COPY_NOW_BYTES) return answer(await streamAndCopy(visit, head, got))
  ports.sippy.keepAlive(copyLater(ports, at, head).catch((error) => console.warn('Sippy could not start a copy:', error)))
  return answer(got.stream)
}

/** A short object is read whole, then answered and copied. */
async function readAndCopy({ ports, at }: Visit, head: SizedHead, { stream }: SourceBody): Promise<Uint8Array> {
  const hold = await isolateMemory.holdSoon(head.size).catch(async (error) => {
    await stream.cancel().catch(() => {})
    throw error
  })
  try {
    const bytes = await readBytes(stream, head.size)
    if (bytes === undefined) throw refusalOf(at.bucket, { kind: 'unreachable', message: 'A body broke off.' })
    const copying = async () => {
      const copy = await takeCopyNow(ports, at, head)
      if (copy) await finishCopy(ports, copy, () => storeCopy(ports, copy, bytesSource(bytes)))
    }
    ports.sippy.keepAlive(
      copying()
        .catch((error) => console.warn('Sippy could not start a copy:', error))
        .finally(() => hold.release()),
    )
    return bytes
  } catch (error) {
    hold.release()
    throw error
  }
}

/** Reads exactly `size` bytes; `undefined` if the stream has fewer or more. */
async function readBytes(stream: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array | undefined> {
  const source = timedSource(stream)
  try {
    const bytes = size === 0 ? new Uint8Array(0) : await source.read(size)
    return bytes.length === size && (await source.read(1)).length === 0 ? bytes : undefined
  } catch {
    return undefined
  } finally {
    await source.cancel()
  }
}

/** A longer object goes to the client while it is copied, at the pace of the store. */
async function streamAndCopy(visit: Visit, head: SizedHead, { stream }: SourceBody): Promise<ReadableStream<Uint8Array>> {
  const { ports, at, source, options } = visit
  const copy = await takeCopyNow(ports, at, head)
  if (!copy) return stream
  const hold = await memoryFor(copy, visit)
  if (!hold) return stream
  let stored: Promise<unknown> = Promise.resolve()
  const listener = new Listener(head.size, async (offset) => {
    await stored
    return restOf({ ports, at, source, options }, head, offset)
  })
  const bytes = overheard(timedSource(stream), listener)
  stored = finishCopy(ports, copy, () => storeCopy(ports, copy, bytes)).finally(() => listener.detach())
  const work = Promise.all([stored, listener.send()])
  ports.sippy.keepAlive(work.finally(() => hold.release()))
  return listener.body
}

/** Memory for what waits for a client. Without it the client gets the object all the same, and another read may make the copy. */
async function memoryFor({ id }: Copy, { ports, at }: Visit): Promise<Hold | undefined> {
  try {
    return await isolateMemory.holdSoon(QUEUE_BYTES)
  } catch {
    await ports.bucket(at.bucket).dropCopy({ key: at.key, id })
    return undefined
  }
}

/** The rest of an object for a client that the copy left behind: from the bucket if the copy is there, else from the source. */
async function restOf({ ports, at, source }: Pick<Visit, 'ports' | 'at' | 'source' | 'options'>, head: SizedHead, offset: number) {
  const stored = await ports.bucket(at.bucket).lookup({ key: at.key, range: { offset }, conditions: copyConditions(head), body: true })
  if (stored.ok && stored.value.kind === 'found') {
    const body = await openFound(ports, at.bucket, stored.value)
    return body instanceof Uint8Array ? bytesSource(body) : timedSource(body)
  }
  // The client holds the first bytes: the others must be of the same object, and begin where those end.
  if (head.etag === '') throw refusalOf(at.bucket, { kind: 'unsupported', message: 'Without an ETag no read can be continued.' })
  const rest = valueFrom(at.bucket, await source.get(at.key, { range: { offset }, ifMatch: head.etag }))
  if (rest.offset === offset && rest.length === head.size - offset) return timedSource(rest.stream)
  await rest.stream.cancel().catch(() => {})
  throw refusalOf(at.bucket, { kind: 'unreachable', message: 'It sent another range than the one that was asked for.' })
}

/** Without the MD5 of the source nothing shows that the object in the bucket is the copy: then nothing matches. */
const copyConditions = ({ md5 }: SizedHead) => ({ ifMatch: md5 === undefined ? [] : [{ etag: md5, weak: false }] })

/**
 * The source does not tell how many bytes it sends, but an answer begins with its length. So the object is copied first, and then read from
 * the bucket.
 */
async function storeFirst(visit: Visit, got?: SourceBody): Promise<Looked<Body>> {
  const { ports, at, options, source } = visit
  const body = got ?? valueFrom(at.bucket, await source.get(at.key))
  await storeUnsized(ports, at, body)
  const { customerKey: _, ...asked } = options
  const looked = unwrap(await ports.bucket(at.bucket).lookup({ ...asked, key: at.key, body: true }))
  return looked.kind === 'not-modified' ? looked : { ...looked, body: await openFound(ports, at.bucket, looked) }
}
