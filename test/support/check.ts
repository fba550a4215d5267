import { storedSegments } from '../../src/core/blob.ts'
import type { TestBucket } from './bucket.ts'

// Walks the metadata of Buckets and both stores of segments, and reports what is wrong. It shares no query with the product.

type Row = Record<string, never> & { [column: string]: string | number | null }

interface Tables {
  readonly objects: readonly Row[]
  readonly blobs: readonly Row[]
  readonly extents: readonly Row[]
  readonly uploads: readonly Row[]
  readonly parts: readonly Row[]
  readonly garbage: readonly Row[]
  readonly usage: readonly Row[]
}

const QUERIES: Record<keyof Tables, string> = {
  objects: 'SELECT * FROM objects',
  blobs: 'SELECT id, refs, size, tier, chunk_bytes, segment_bytes, wrapped_key IS NOT NULL AS has_key, length(bytes) AS inline FROM blobs',
  extents: 'SELECT * FROM extents ORDER BY owner_id, start',
  uploads: 'SELECT * FROM uploads',
  parts: 'SELECT * FROM parts',
  garbage: 'SELECT * FROM garbage',
  usage: 'SELECT * FROM usage',
}

/**
 * Returns what is wrong with these buckets, and the segments that were stored since the first of them was made and that belong to none of
 * them. Between any two calls of the engine there is nothing to report.
 */
export async function problemsOf(...buckets: readonly [TestBucket, ...TestBucket[]]): Promise<string[]> {
  const problems: string[] = []
  const stored = new Set(await buckets[0].segments())
  const known = new Set<string>()
  for (const bucket of buckets) {
    const tables = await tablesOf(bucket)
    if (!tables) continue
    problems.push(...miscounted(tables), ...misshapen(tables), ...doomed(tables), ...wrongUsage(tables))
    for (const name of neededSegments(tables)) {
      if (!stored.has(name)) problems.push(`missing segment ${name}`)
      known.add(name)
    }
    for (const name of journalledSegments(tables)) known.add(name)
  }
  for (const name of stored) if (!known.has(name)) problems.push(`orphan segment ${name}`)
  return problems
}

/** All tables of a Bucket's database except its settings; `null` when the database is empty. */
function tablesOf(bucket: TestBucket): Promise<Tables | null> {
  return bucket.run((_, { storage }) => {
    if (storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'objects'").toArray().length === 0) return null
    return Object.fromEntries(Object.entries(QUERIES).map(([table, query]) => [table, storage.sql.exec(query).toArray()])) as never
  })
}

/** Blobs that count another number of references than there are, and references to blobs that do not exist. */
function miscounted({ objects, parts, extents, blobs }: Tables): string[] {
  const references = new Map<unknown, number>()
  for (const { blob_id } of [...objects, ...parts, ...extents]) references.set(blob_id, (references.get(blob_id) ?? 0) + 1)
  const wrong = blobs.filter(({ id, refs }) => refs !== (references.get(id) ?? 0))
  const ids = new Set(blobs.map(({ id }) => id))
  const dangling = [...references.keys()].filter((id) => !ids.has(id as never))
  return [
    ...wrong.map(({ id, refs }) => `blob ${id} has ${references.get(id) ?? 0} references and counts ${refs}`),
    ...dangling.map((id) => `dangling reference to ${id}`),
  ]
}

/** Bodies whose length differs from that in their rows, and bodies that consist of blobs which are not allowed there. */
function misshapen({ objects, parts, extents, blobs, garbage }: Tables): string[] {
  const problems: string[] = []
  const byId = new Map(blobs.map((blob) => [blob.id, blob]))
  const dying = new Set(garbage.map(({ id }) => id))
  for (const row of [...objects, ...parts]) {
    const blob = byId.get(row.blob_id)
    if (blob && blob.size !== row.size) problems.push(`a row of ${row.size} bytes has a blob of ${blob.size}`)
  }
  for (const blob of blobs) {
    const own = extents.filter(({ owner_id }) => owner_id === blob.id)
    if (blob.tier === 'composite') {
      let start = 0
      for (const extent of own) {
        if (extent.start !== start) problems.push(`the extents of ${blob.id} have a gap at ${start}`)
        start += Number(extent.length)
      }
      if (start !== blob.size) problems.push(`the extents of ${blob.id} hold ${start} bytes of ${blob.size}`)
    } else if (own.length > 0) problems.push(`${blob.id} is in ${blob.tier} and has extents`)
    else if (!blob.has_key) problems.push(`${blob.id} has no key`)
    else if ((blob.tier === 'inline') !== (blob.inline !== null)) problems.push(`${blob.id} is in ${blob.tier}, its bytes are elsewhere`)
  }
  for (const extent of extents) {
    const blob = byId.get(extent.blob_id)
    if (!byId.has(extent.owner_id) && !dying.has(extent.owner_id)) problems.push(`extents of ${extent.owner_id}, which is not there`)
    if (!blob) continue
    if (blob.tier === 'composite') problems.push(`${extent.owner_id} is made of a composite`)
    if (Number(extent.blob_offset) + Number(extent.length) > Number(blob.size)) problems.push(`an extent reaches beyond ${blob.id}`)
  }
  return problems
}

/** Blobs in use that are listed as garbage, and parts without an upload. */
function doomed({ blobs, garbage, parts, uploads }: Tables): string[] {
  const alive = new Set(blobs.map(({ id }) => id))
  const dying = new Set(garbage.map(({ id }) => id))
  const open = new Set(uploads.filter(({ state }) => state === 'open').map(({ id }) => id))
  return [
    ...garbage.filter(({ id }) => alive.has(id) || open.has(id)).map(({ id }) => `${id} is alive and listed as garbage`),
    ...parts
      .filter(({ upload_id: id }) => !open.has(id) && !dying.has(id))
      .map(({ upload_id: id }) => `a part of the finished upload ${id}`),
  ]
}

/** Counters that differ from a recount. */
function wrongUsage({ objects, uploads, parts, usage }: Tables): string[] {
  const sum = (rows: readonly Row[], column: string) => rows.reduce((total, row) => total + Number(row[column]), 0)
  const open = uploads.filter(({ state }) => state === 'open')
  const partsOf = (ids: readonly unknown[]) =>
    sum(
      parts.filter(({ upload_id }) => ids.includes(upload_id)),
      'size',
    )
  const problems = open.filter(({ id, bytes }) => bytes !== partsOf([id])).map(({ id }) => `upload ${id} miscounts its bytes`)
  for (const { storage_class, ...counters } of usage) {
    const own = objects.filter((row) => row.storage_class === storage_class)
    const ownUploads = open.filter((row) => row.storage_class === storage_class)
    const expected = {
      objects: own.length,
      payload_bytes: sum(own, 'size'),
      metadata_bytes: sum(own, 'metadata_bytes'),
      uploads: ownUploads.length,
      upload_bytes: partsOf(ownUploads.map(({ id }) => id)),
    }
    for (const [name, value] of Object.entries(expected)) {
      if (counters[name] !== value) problems.push(`usage of ${storage_class} counts ${counters[name]} ${name}, there are ${value}`)
    }
  }
  return problems
}

const namesOf = (tier: unknown, id: unknown, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${String(tier).startsWith('d1') ? 'd1' : 'kv'} ${id}/${n}`)

/** The segments of blobs in use. */
const neededSegments = ({ blobs }: Tables): string[] =>
  blobs
    .filter(({ tier }) => tier !== 'inline' && tier !== 'composite')
    .flatMap(({ id, tier, size, segment_bytes, chunk_bytes }) => {
      const plan = { id, tier, size, segmentBytes: segment_bytes, chunkBytes: chunk_bytes }
      return namesOf(tier, id, storedSegments(plan as never))
    })

/** The segments that a sweep will delete, whether they exist or not. */
const journalledSegments = ({ garbage }: Tables): string[] =>
  garbage.flatMap(({ id, tier, segments }) => namesOf(tier, id, Number(segments)))
