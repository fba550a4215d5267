import { createHash } from 'node:crypto'
import type { Driver, ObjectAt, Place } from '../client.ts'
import { expectBytes, expectEqual, expectRefused, fileOf, scenario } from './scenario.ts'

const PART_BYTES = [5 << 20, 5 << 20, 1234]
const REFUSED = /412|PreconditionFailed|pre-?conditions?/i

/** What S3 tells of an object without its bytes, and what it does with one by a condition or without moving it. */
export const attributes = scenario({
  id: 'attributes',
  title: 'attributes',
  needs: ['put', 'attributes'],
  partly: ['rename', 'deleteIf'],
  rare: 'it has no GetObjectAttributes',
  async run(driver, place) {
    const at = { bucket: place.bucket, key: 'folder/an object' }
    const { file, bytes } = fileOf(place, 'a')
    await driver.put({ ...at, file })
    const { etag, ...told } = await driver.attributes(at)
    expectEqual([etag.replaceAll('"', ''), told], [md5(bytes), { size: bytes.length }], 'the attributes')

    const large = { bucket: place.bucket, key: 'parts' }
    await uploadParts(place, large)
    const { size, partSizes } = await driver.attributes(large)
    expectEqual({ size, partSizes }, { size: PART_BYTES.reduce((sum, one) => sum + one), partSizes: PART_BYTES }, 'sizes of parts')

    const renamed = { bucket: place.bucket, key: 'another folder/ä+b' }
    if (driver.rename) await renames(place, at, renamed, bytes, driver.rename)
    if (driver.deleteIf) await deletesIf(place, driver.rename ? renamed : at, bytes, driver.deleteIf)
    if (driver.call && driver.deleteIf) await deletesEachIf(place, driver.call)
  },
})

type Rename = (what: ObjectAt & { to: string }) => Promise<void>
type DeleteIf = (what: ObjectAt & { ifMatch: string }) => Promise<void>

async function renames({ reader }: Place, from: ObjectAt, to: ObjectAt, bytes: Buffer, rename: Rename): Promise<void> {
  const before = await reader.head(from)
  await rename({ ...from, to: to.key })
  expectEqual(await reader.head(from), undefined, 'the old name')
  expectBytes(await reader.read(to), bytes, 'the object under its new name')
  const after = await reader.head(to)
  for (const name of ['etag', 'last-modified', 'content-type']) expectEqual(after?.[name], before?.[name], name)
  await expectRefused(() => rename({ ...from, to: 'third' }), /404|NoSuchKey|does not exist/i, 'a rename of nothing')
}

async function deletesIf({ reader }: Place, at: ObjectAt, bytes: Buffer, deleteIf: DeleteIf): Promise<void> {
  await expectRefused(() => deleteIf({ ...at, ifMatch: `"${md5(Buffer.from('other'))}"` }), REFUSED, 'a delete of another object')
  expectBytes(await reader.read(at), bytes, 'the object after a refused delete')
  await deleteIf({ ...at, ifMatch: `"${md5(bytes)}"` })
  expectEqual(await reader.head(at), undefined, 'the object after its delete')
}

/** One request with an ETag for each key: the one that does not fit has an error of its own. */
async function deletesEachIf({ reader, bucket }: Place, call: NonNullable<Driver['call']>): Promise<void> {
  const [gone, kept] = [Buffer.from('gone'), Buffer.from('kept')]
  await reader.write({ bucket, key: 'gone' }, gone)
  await reader.write({ bucket, key: 'kept' }, kept)
  const Objects = ['gone', 'kept'].map((Key) => ({ Key, ETag: `"${md5(gone)}"` }))
  const answer = await call({ operation: 'DeleteObjects', params: { Bucket: bucket, Delete: { Objects } } })
  const { Deleted, Errors } = answer as Record<'Deleted' | 'Errors', { Key: string; Code?: string }[]>
  expectEqual(
    [Deleted.map(({ Key }) => Key), Errors.map(({ Key, Code }) => [Key, Code])],
    [['gone'], [['kept', 'PreconditionFailed']]],
    'answer',
  )
  expectEqual(await reader.head({ bucket, key: 'gone' }), undefined, 'the object with that ETag')
  expectBytes(await reader.read({ bucket, key: 'kept' }), kept, 'the object with another')
}

/** By the reader: clients choose their own parts. */
async function uploadParts({ reader }: Place, at: ObjectAt): Promise<void> {
  const begun = await reader.send('POST', at, { query: { uploads: '' } })
  const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(begun.body.toString())![1]!
  const parts: string[] = []
  for (const [index, size] of PART_BYTES.entries()) {
    const query = { partNumber: String(index + 1), uploadId }
    const { headers } = await reader.send('PUT', at, { query, body: Buffer.alloc(size, index) })
    parts.push(`<Part><PartNumber>${index + 1}</PartNumber><ETag>${headers.etag}</ETag></Part>`)
  }
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
  expectEqual((await reader.send('POST', at, { query: { uploadId }, body })).status, 200, 'the upload in parts')
}

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')
