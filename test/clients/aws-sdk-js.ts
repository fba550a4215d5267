import { createReadStream, createWriteStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as sdk from '@aws-sdk/client-s3'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  RenameObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Client, Driver, Place } from './harness/client.ts'
import { findNodePackage } from './harness/install.ts'

/** From this size on, lib-storage sends parts, as its documentation says of large files. */
const UPLOAD_BYTES = 16_000_000

export const client: Client = {
  name: '@aws-sdk/client-s3',
  find: () => findNodePackage('@aws-sdk/client-s3'),
  open: async (place) => driverOf(place),
  notes: {
    presigned:
      'presigned with `requestChecksumCalculation: "WHEN_REQUIRED"`: by default it signs the checksum of an empty body into the URL, which R2 and S3 refuse as well (aws/aws-sdk-js-v3#6994)',
  },
  cannot: { sync: 'the SDK has no such command' },
}

function driverOf({ endpoint, accessKeyId, secretAccessKey }: Place): Driver {
  const config = { region: 'auto', endpoint, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } }
  const s3 = new S3Client(config)
  const presigner = new S3Client({ ...config, requestChecksumCalculation: 'WHEN_REQUIRED' })
  const list = async ({ bucket, prefix }: { bucket: string; prefix?: string }) => {
    const keys: string[] = []
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix }))
      keys.push(...Contents.map(({ Key }) => Key!))
    return keys
  }
  return {
    createBucket: async ({ bucket }) => void (await s3.send(new CreateBucketCommand({ Bucket: bucket }))),
    deleteBucket: async ({ bucket }) => void (await s3.send(new DeleteBucketCommand({ Bucket: bucket }))),
    listBuckets: async () => ((await s3.send(new ListBucketsCommand())).Buckets ?? []).map(({ Name }) => Name!),
    async put({ bucket, key, file, headers: { metadata, ...headers } = {}, ifNoneMatch, ifMatch, sseKey }) {
      const params = {
        Bucket: bucket,
        Key: key,
        IfNoneMatch: ifNoneMatch,
        IfMatch: ifMatch,
        Metadata: metadata,
        ...capitalized(headers),
        ...customerKey(sseKey),
      }
      const { size } = statSync(file)
      // A stream's checksum goes behind its aws-chunked body.
      if (size < UPLOAD_BYTES) await s3.send(new PutObjectCommand({ ...params, Body: createReadStream(file), ContentLength: size }))
      else await new Upload({ client: s3, params: { ...params, Body: createReadStream(file) } }).done()
    },
    async get({ bucket, key, file, range, sseKey }) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range, ...customerKey(sseKey) }))
      await pipeline(Body as Readable, createWriteStream(file))
    },
    async head({ bucket, key }) {
      const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
      return {
        size: head.ContentLength!,
        contentType: head.ContentType,
        cacheControl: head.CacheControl,
        contentDisposition: head.ContentDisposition,
        contentLanguage: head.ContentLanguage,
        metadata: head.Metadata,
      }
    },
    list,
    copy: async ({ bucket, key, to }) =>
      void (await s3.send(new CopyObjectCommand({ Bucket: bucket, Key: to, CopySource: `${bucket}/${encodeURIComponent(key)}` }))),
    delete: async ({ bucket, key }) => void (await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))),
    async deleteAll({ bucket }) {
      const keys = await list({ bucket })
      while (keys.length > 0) {
        const Objects = keys.splice(0, 1000).map((Key) => ({ Key }))
        const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }))
        if (Errors.length > 0) throw new Error(JSON.stringify(Errors))
      }
    },
    async attributes({ bucket, key }) {
      const asked = { Bucket: bucket, Key: key, ObjectAttributes: ['ETag', 'ObjectSize', 'ObjectParts'] as const }
      const found = await s3.send(new GetObjectAttributesCommand({ ...asked, ObjectAttributes: [...asked.ObjectAttributes] }))
      const partSizes = found.ObjectParts?.Parts?.map(({ Size }) => Size!)
      return { etag: found.ETag!, size: found.ObjectSize!, ...(partSizes && { partSizes }) }
    },
    rename: async ({ bucket, key, to }) =>
      void (await s3.send(new RenameObjectCommand({ Bucket: bucket, Key: to, RenameSource: encodeURIComponent(key) }))),
    deleteIf: async ({ bucket, key, ifMatch }) =>
      void (await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: ifMatch }))),
    async call({ operation, params }) {
      const said = ({ name, message }: Error) => Promise.reject(new Error(`${name}: ${message}`))
      const { $metadata, ...answer } = (await s3.send(new commands[`${operation}Command`]!(params)).catch(said)) as { $metadata: object }
      return answer
    },
    presign: ({ bucket, key, method }) => {
      const at = { Bucket: bucket, Key: key }
      return getSignedUrl(presigner, method === 'GET' ? new GetObjectCommand(at) : new PutObjectCommand(at), { expiresIn: 600 })
    },
    presignPost: ({ bucket, key, mostBytes }) =>
      createPresignedPost(s3 as never, { Bucket: bucket, Key: key, Conditions: [['content-length-range', 0, mostBytes]] }),
    async setTags({ bucket, key, tags }) {
      const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
      await s3.send(new PutObjectTaggingCommand({ Bucket: bucket, Key: key, Tagging: { TagSet } }))
    },
    async getTags({ bucket, key }) {
      const { TagSet = [] } = await s3.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key }))
      return Object.fromEntries(TagSet.map(({ Key, Value }) => [Key!, Value!]))
    },
    close: async () => s3.destroy(),
  }
}

/** The commands by name, as the scenarios know them. */
const commands = sdk as unknown as Readonly<Record<string, new (params: object) => sdk.ListBucketsCommand>>

const capitalized = (headers: object) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name[0]!.toUpperCase() + name.slice(1), value]))

/** The SDK works out the MD5 by itself for a base64 key. */
function customerKey(sseKey: string | undefined) {
  return sseKey === undefined ? {} : { SSECustomerAlgorithm: 'AES256', SSECustomerKey: sseKey }
}
