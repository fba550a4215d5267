import { createHash } from 'node:crypto'
import type { Session } from './session.ts'

export type Measured = { readonly value: number; readonly p50Ms?: number; readonly p99Ms?: number; readonly operations?: number }

export interface Row {
  readonly id: string
  readonly title: string
  readonly unit: 'ops/s' | 'MiB/s' | 'ms'
  /** The target: how many times faster than wrangler's R2, under the same `wrangler dev` and under `npm run serve`. */
  readonly wanted?: { readonly dev?: number; readonly serve?: number }
  setup?(session: Session): Promise<void>
  measure(session: Session, round: number): Promise<Measured>
}

/** Compares the cost of a small and a large case. Only Cairn is measured: it promises that both cost about the same. */
export interface CostRow {
  readonly id: string
  readonly title: string
  readonly small: string
  readonly large: string
  /** Only these columns are measured. */
  readonly columns?: readonly string[]
  /** The target: how many times the small cost the large one may be. */
  readonly wanted?: number
  setup?(session: Session): Promise<void>
  measure(session: Session, round: number, size: 'small' | 'large'): Promise<number>
}

const KIB = 1024
const MIB = 1024 * KIB
const NEVER_MS = 120_000
export const MAIN_BUCKET = 'bench'
export const LIST_BUCKET = 'bench-list'
export const FULL_BUCKET = 'bench-full'
export const SMALL_BUCKET = 'bench-small'
export const EMPTY_BUCKET = 'bench-empty'

/** The number of prefixes. Each has as many keys as the others, and all keys have the same length. */
export const PREFIXES = 10
export function* keysFor(count: number): Generator<string> {
  for (let n = 0; n < count; n++) yield keyAt(n, count)
}
const keyAt = (n: number, count: number) => `p${Math.floor((n * PREFIXES) / count)}/${String(n).padStart(8, '0')}`

export const listedKeys = (quick: boolean) => (quick ? 20_000 : 100_000)
export const fullKeys = (quick: boolean) => (quick ? 100_000 : 1_000_000)

const limitMs = (session: Session) => (session.quick ? 700 : 1500)
const SIZES = [
  { name: '1 KiB', id: '1k', bytes: KIB, unit: 'ops/s', wanted: { dev: 1.2, serve: 2.5 }, puts: 8000, gets: 1000 },
  { name: '64 KiB', id: '64k', bytes: 64 * KIB, unit: 'ops/s', wanted: { dev: 1.2, serve: 2.5 }, puts: 3000, gets: 300 },
  { name: '1 MiB', id: '1m', bytes: MIB, unit: 'MiB/s', wanted: { dev: 1.5 }, puts: 400, gets: 60 },
  { name: '100 MiB', id: '100m', bytes: 100 * MIB, unit: 'MiB/s', wanted: { dev: 2 }, puts: 16, gets: 4 },
] as const

type Size = (typeof SIZES)[number]

const rate = ({ unit, bytes }: Size, result: { seconds: number; count: number; p50Ms: number; p99Ms: number }): Measured => ({
  value: (result.count / result.seconds) * (unit === 'MiB/s' ? bytes / MIB : 1),
  p50Ms: result.p50Ms,
  p99Ms: result.p99Ms,
  operations: result.count,
})

/** For large bodies the number of requests is fixed, for small ones the time. */
const amount = (size: Size, session: Session, concurrency: number) =>
  size.bytes < 100 * MIB
    ? { limitMs: limitMs(session) }
    : { limitMs: NEVER_MS, count: session.quick ? Math.min(4, 2 * concurrency) : Math.max(3, concurrency) }

const puts = SIZES.flatMap((size) => [1, 16].map((concurrency) => putRow(size, concurrency)))
const gets = SIZES.flatMap((size) => [1, 16].map((concurrency) => getRow(size, concurrency)))

function putRow(size: Size, concurrency: number): Row {
  return {
    id: `put-${size.id}-c${concurrency}`,
    title: `PUT ${size.name}, ${concurrency} at a time`,
    unit: size.unit,
    wanted: size.wanted,
    measure: async (session, round) => {
      const calls = Array.from({ length: size.puts }, (_, n) => ({
        method: 'PUT',
        bucket: MAIN_BUCKET,
        key: `put/${size.id}/${concurrency}/${size.bytes < 100 * MIB ? round : 0}/${n}`,
        body: size.bytes,
      }))
      return rate(size, await session.load(calls, { ...amount(size, session, concurrency), concurrency, expect: { status: 200 } }))
    },
  }
}

function getRow(size: Size, concurrency: number): Row {
  const calls = Array.from({ length: size.gets }, (_, n) => ({ method: 'GET', bucket: MAIN_BUCKET, key: `get/${size.id}/${n}` }))
  return {
    id: `get-${size.id}-c${concurrency}`,
    title: `GET ${size.name}, ${concurrency} at a time`,
    unit: size.unit,
    wanted: size.bytes < 100 * MIB ? size.wanted : { dev: 1 },
    setup: async (session) => {
      const uploads = calls.map((call) => ({ ...call, method: 'PUT', body: size.bytes }))
      await session.load(uploads, { concurrency: 4, limitMs: NEVER_MS, count: uploads.length, expect: { status: 200 } })
    },
    measure: async (session) =>
      rate(
        size,
        await session.load(calls, { ...amount(size, session, concurrency), concurrency, expect: { status: 200, bytes: size.bytes } }),
      ),
  }
}

const head: Row = {
  id: 'head-c16',
  title: 'HEAD, 16 at a time',
  unit: 'ops/s',
  setup: async (session) => {
    await session.call({ method: 'PUT', bucket: MAIN_BUCKET, key: 'head', body: KIB })
  },
  measure: async (session) => {
    const result = await session.load([{ method: 'HEAD', bucket: MAIN_BUCKET, key: 'head' }], {
      concurrency: 16,
      limitMs: limitMs(session),
      expect: { status: 200 },
    })
    return { value: result.count / result.seconds, p50Ms: result.p50Ms, p99Ms: result.p99Ms, operations: result.count }
  },
}

const PART_BYTES = 16 * MIB
const uploadParts = (session: Session) => (session.quick ? 8 : 64)

/** A multipart upload from its first request to its last. */
export async function multipart(session: Session, key: string, parts: number): Promise<void> {
  const uploadId = await createUpload(session, key)
  const calls = Array.from({ length: parts }, (_, n) => ({
    method: 'PUT',
    bucket: MAIN_BUCKET,
    key,
    query: { partNumber: String(n + 1), uploadId },
    body: PART_BYTES,
  }))
  const options = { concurrency: 4, limitMs: NEVER_MS, count: parts, expect: { status: 200 }, collect: 'etag' }
  await complete(session, { key, uploadId, etags: (await session.load(calls, options)).collected })
}

async function createUpload(session: Session, key: string): Promise<string> {
  const { body } = await session.call({ method: 'POST', bucket: MAIN_BUCKET, key, query: { uploads: '' } })
  return /<UploadId>([^<]+)</.exec(body.toString())![1]!
}

async function complete(
  session: Session,
  { key, uploadId, etags }: { key: string; uploadId: string; etags: readonly string[] },
): Promise<void> {
  const parts = etags.map((etag, n) => `<Part><PartNumber>${n + 1}</PartNumber><ETag>${etag.replaceAll('"', '&quot;')}</ETag></Part>`)
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
  await session.call({
    method: 'POST',
    bucket: MAIN_BUCKET,
    key,
    query: { uploadId },
    headers: { 'content-type': 'application/xml' },
    body,
  })
}

const multipartRow: Row = {
  id: 'multipart-1g',
  title: 'multipart upload of 1 GiB in 16 MiB parts, 4 at a time',
  unit: 'MiB/s',
  measure: async (session) => {
    const startMs = performance.now()
    await multipart(session, 'multipart', uploadParts(session))
    return { value: (uploadParts(session) * PART_BYTES) / MIB / ((performance.now() - startMs) / 1000), operations: 1 }
  },
}

const range: Row = {
  id: 'range-1g',
  title: 'GET of the last 1 MiB of 1 GiB',
  unit: 'ops/s',
  setup: (session) => multipart(session, 'ranged', uploadParts(session)),
  measure: async (session) => {
    const end = uploadParts(session) * PART_BYTES
    const headers = { range: `bytes=${end - MIB}-${end - 1}` }
    const result = await session.load([{ method: 'GET', bucket: MAIN_BUCKET, key: 'ranged', headers }], {
      concurrency: 1,
      limitMs: limitMs(session),
      expect: { status: 206, bytes: MIB },
    })
    return { value: result.count / result.seconds, p50Ms: result.p50Ms, p99Ms: result.p99Ms, operations: result.count }
  },
}

/** Lists pages of 1,000 keys, each from another start. */
async function listPages(session: Session, bucket: string, keys: number, limit = limitMs(session)): Promise<Measured> {
  const calls = Array.from({ length: 50 }, (_, n) => ({
    method: 'GET',
    bucket,
    query: { 'list-type': '2', 'start-after': keyAt(Math.floor((Math.max(keys - 1001, 0) * ((n * 7) % 50)) / 50), keys) },
  }))
  const result = await session.load(calls, { concurrency: 1, limitMs: limit, expect: { status: 200 } })
  return { value: result.count / result.seconds, p50Ms: result.p50Ms, p99Ms: result.p99Ms, operations: result.count }
}

const list: Row = {
  id: 'list-1000',
  title: 'list 1,000 keys of 100,000',
  unit: 'ops/s',
  wanted: { dev: 3 },
  measure: (session) => listPages(session, LIST_BUCKET, listedKeys(session.quick)),
}

const delimited: Row = {
  id: 'list-delimiter',
  title: 'list 10 prefixes over 100,000 keys',
  unit: 'ops/s',
  wanted: { dev: 3 },
  measure: async (session) => {
    const call = { method: 'GET', bucket: LIST_BUCKET, query: { 'list-type': '2', delimiter: '/' } }
    const result = await session.load([call], { concurrency: 1, limitMs: limitMs(session), expect: { status: 200 } })
    return { value: result.count / result.seconds, p50Ms: result.p50Ms, p99Ms: result.p99Ms, operations: result.count }
  },
}

const DELETED = 1000
const remove: Row = {
  id: 'delete-1000',
  title: 'delete 1,000 keys in one request',
  unit: 'ms',
  measure: async (session) => {
    const keys = Array.from({ length: DELETED }, (_, n) => `delete/${n}`)
    const uploads = keys.map((key) => ({ method: 'PUT', bucket: MAIN_BUCKET, key, body: KIB }))
    await session.load(uploads, { concurrency: 16, limitMs: NEVER_MS, count: DELETED, expect: { status: 200 } })
    const body = Buffer.from(`<Delete>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')}</Delete>`)
    const headers = { 'content-type': 'application/xml', 'content-md5': createHash('md5').update(body).digest('base64') }
    const call = { method: 'POST', bucket: MAIN_BUCKET, query: { delete: '' }, headers, body }
    const { p50Ms } = await session.load([call], { concurrency: 1, limitMs: NEVER_MS, count: 1, expect: { status: 200 } })
    return { value: p50Ms }
  },
}

const copy: Row = {
  id: 'copy-100m',
  title: 'copy 100 MiB',
  unit: 'ms',
  wanted: { dev: 20 },
  setup: async (session) => {
    await session.call({ method: 'PUT', bucket: MAIN_BUCKET, key: 'copied', body: 100 * MIB })
  },
  measure: async (session) => {
    const headers = { 'x-amz-copy-source': `/${MAIN_BUCKET}/copied` }
    const call = { method: 'PUT', bucket: MAIN_BUCKET, key: 'copy', headers }
    const result = await session.load([call], { concurrency: 1, limitMs: limitMs(session), expect: { status: 200 } })
    return { value: result.p50Ms, p50Ms: result.p50Ms, p99Ms: result.p99Ms, operations: result.count }
  },
}

export const ROWS: readonly Row[] = [...puts, ...gets, head, range, multipartRow, list, delimited, remove, copy]

const costList: CostRow = {
  id: 'cost-list',
  title: 'a listing page of 1,000 keys, in a bucket of',
  small: '1,000 keys',
  large: '1,000,000 keys',
  wanted: 1.5,
  measure: async (session, _round, size) => {
    const [bucket, keys] = size === 'small' ? [SMALL_BUCKET, 1001] : [FULL_BUCKET, fullKeys(session.quick)]
    return (await listPages(session, bucket, keys)).p50Ms!
  },
}

const GIANT_COPIES = 5
const costRange: CostRow = {
  id: 'cost-range',
  title: 'a range of 1 MiB, at the end of',
  small: '10 MiB',
  large: '5 GiB',
  wanted: 1.5,
  setup: async (session) => {
    await session.call({ method: 'PUT', bucket: MAIN_BUCKET, key: 'ten', body: 10 * MIB })
    await multipart(session, 'ranged', uploadParts(session))
    const uploadId = await createUpload(session, 'giant')
    const etags: string[] = []
    for (let n = 1; n <= GIANT_COPIES; n++) etags.push(await copyPart(session, { key: 'giant', uploadId, partNumber: n, source: 'ranged' }))
    await complete(session, { key: 'giant', uploadId, etags })
  },
  measure: async (session, _round, size) => {
    const end = size === 'small' ? 10 * MIB : GIANT_COPIES * uploadParts(session) * PART_BYTES
    const call = {
      method: 'GET',
      bucket: MAIN_BUCKET,
      key: size === 'small' ? 'ten' : 'giant',
      headers: { range: `bytes=${end - MIB}-${end - 1}` },
    }
    const result = await session.load([call], { concurrency: 1, limitMs: limitMs(session), expect: { status: 206, bytes: MIB } })
    return result.p50Ms
  },
}

async function copyPart(session: Session, part: { key: string; uploadId: string; partNumber: number; source: string }): Promise<string> {
  const { body } = await session.call({
    method: 'PUT',
    bucket: MAIN_BUCKET,
    key: part.key,
    query: { partNumber: String(part.partNumber), uploadId: part.uploadId },
    headers: { 'x-amz-copy-source': `/${MAIN_BUCKET}/${part.source}` },
  })
  return /<ETag>([^<]+)</.exec(body.toString())![1]!.replaceAll('&quot;', '"')
}

const costCommit: CostRow = {
  id: 'cost-commit',
  title: 'a PUT of 1 KiB, into a bucket of',
  small: 'no keys',
  large: '1,000,000 keys',
  wanted: 1.5,
  measure: async (session, round, size) => {
    const bucket = size === 'small' ? EMPTY_BUCKET : FULL_BUCKET
    const calls = Array.from({ length: 3000 }, (_, n) => ({ method: 'PUT', bucket, key: `p5/${n * 7919}/${round}`, body: KIB }))
    const result = await session.load(calls, { concurrency: 1, limitMs: limitMs(session), expect: { status: 200 } })
    return result.p50Ms
  },
}

const costComplete: CostRow = {
  id: 'cost-complete',
  title: 'CompleteMultipartUpload of',
  small: '10 parts',
  large: '10,000 parts',
  setup: async (session) => {
    await session.call({ method: 'PUT', bucket: MAIN_BUCKET, key: 'part', body: 5 * MIB })
  },
  measure: async (session, _round, size) => {
    const parts = size === 'small' ? 10 : session.quick ? 1000 : 10_000
    const uploadId = await createUpload(session, 'many')
    const etag = await copyPart(session, { key: 'many', uploadId, partNumber: 1, source: 'part' })
    const calls = Array.from({ length: parts }, (_, n) => ({
      method: 'PUT',
      bucket: MAIN_BUCKET,
      key: 'many',
      query: { partNumber: String(n + 1), uploadId },
      headers: { 'x-amz-copy-source': `/${MAIN_BUCKET}/part` },
    }))
    await session.load(calls, { concurrency: 8, limitMs: NEVER_MS, count: parts, expect: { status: 200 } })
    const startMs = performance.now()
    await complete(session, { key: 'many', uploadId, etags: Array.from({ length: parts }, () => etag) })
    return performance.now() - startMs
  },
}

export const COST_ROWS: readonly CostRow[] = [costList, costRange, costCommit, costComplete]
