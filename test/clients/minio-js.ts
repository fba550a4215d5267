import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Client as Minio } from 'minio'
import type { Client, Driver, Place } from './harness/client.ts'
import { findNodePackage } from './harness/install.ts'
import { expectEqual, expectRefused, expectTrue } from './harness/scenarios/scenario.ts'

export const client: Client = {
  name: 'minio (npm)',
  find: () => findNodePackage('minio'),
  open: async (place) => driverOf(place),
  serial: 'one part after the other, as it does by itself',
  notes: {
    ranges: 'takes an offset and a length, no suffix',
    ssec: 'with `getObject`: `fGetObject` asks for the size first and leaves the key out (minio/minio-js, fGetObject)',
  },
  runs: { configuration },
  cannot: {
    checksums: 'it sends none by itself but MD5',
    sync: 'the SDK has no such command',
  },
}

function connect({ endpoint, accessKeyId, secretAccessKey }: Place): Minio {
  const { hostname, port } = new URL(endpoint)
  return new Minio({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    region: 'auto',
    accessKey: accessKeyId,
    secretKey: secretAccessKey,
  })
}

async function configuration(place: Place): Promise<void> {
  const { bucket } = place
  const minio = connect(place)
  const refused = {
    getBucketPolicy: /policy/,
    getBucketTagging: /TagSet/,
    getBucketReplication: /replication/,
    getObjectLockConfig: /Lock/,
  }
  for (const [name, message] of Object.entries(refused) as [keyof typeof refused, RegExp][])
    await expectRefused(async () => minio[name](bucket), message, name)
  expectTrue(!(await minio.getBucketVersioning(bucket))?.Status, 'versioning has a status')
  const none = { TopicConfiguration: [], QueueConfiguration: [], CloudFunctionConfiguration: [] }
  expectEqual(await minio.getBucketNotification(bucket), none, 'notifications')
  const { ServerSideEncryptionConfiguration: encryption } = await minio.getBucketEncryption(bucket)
  expectEqual(encryption.Rule.ApplyServerSideEncryptionByDefault, { SSEAlgorithm: 'AES256' }, 'encryption')
}

function driverOf(place: Place): Driver {
  const minio = connect(place)
  const list = async ({ bucket, prefix = '' }: { bucket: string; prefix?: string }) => {
    const keys: string[] = []
    for await (const { name } of minio.listObjectsV2(bucket, prefix, true)) keys.push(name)
    return keys
  }
  return {
    createBucket: ({ bucket }) => minio.makeBucket(bucket),
    deleteBucket: ({ bucket }) => minio.removeBucket(bucket),
    listBuckets: async () => (await minio.listBuckets()).map(({ name }) => name),
    async put({ bucket, key, file, headers: { metadata, ...headers } = {}, ifNoneMatch, ifMatch, sseKey }) {
      const named = Object.entries(headers).map(([name, value]) => [name.replaceAll(/[A-Z]/g, '-$&'), value])
      const conditions = { ...(ifNoneMatch && { 'If-None-Match': ifNoneMatch }), ...(ifMatch && { 'If-Match': ifMatch }) }
      await minio.fPutObject(bucket, key, file, { ...Object.fromEntries(named), ...metadata, ...conditions, ...customerHeaders(sseKey) })
    },
    async get({ bucket, key, file, range, sseKey }) {
      if (sseKey) return pipeline(await minio.getObject(bucket, key, customerOptions(sseKey)), createWriteStream(file))
      if (range === undefined) return minio.fGetObject(bucket, key, file)
      const { size } = await minio.statObject(bucket, key)
      const [first = '', last = ''] = range.slice('bytes='.length).split('-')
      const [offset, length] = first === '' ? [size - Number(last), 0] : [Number(first), last === '' ? 0 : Number(last) - Number(first) + 1]
      await pipeline(await minio.getPartialObject(bucket, key, offset, length), createWriteStream(file))
    },
    async head({ bucket, key }) {
      const { size, metaData } = await minio.statObject(bucket, key)
      const { 'content-type': contentType, 'cache-control': cacheControl, ...rest } = metaData
      const { 'content-disposition': contentDisposition, 'content-language': contentLanguage, ...metadata } = rest
      return { size, contentType, cacheControl, contentDisposition, contentLanguage, metadata }
    },
    list,
    copy: async ({ bucket, key, to }) => void (await minio.copyObject(bucket, to, `/${bucket}/${key}`)),
    delete: ({ bucket, key }) => minio.removeObject(bucket, key),
    async deleteAll({ bucket }) {
      const failed = (await minio.removeObjects(bucket, await list({ bucket }))).filter((entry) => entry?.Error)
      if (failed.length > 0) throw new Error(JSON.stringify(failed))
    },
    setTags: ({ bucket, key, tags }) => minio.setObjectTagging(bucket, key, tags),
    getTags: async ({ bucket, key }) =>
      Object.fromEntries((await minio.getObjectTagging(bucket, key)).map(({ Key, Value }) => [Key, Value])),
    presign: ({ bucket, key, method }) => minio.presignedUrl(method, bucket, key, 600),
    async presignPost({ bucket, key, mostBytes }) {
      const policy = minio.newPostPolicy()
      policy.setBucket(bucket)
      policy.setKey(key)
      policy.setExpires(new Date(Date.now() + 600_000))
      policy.setContentLengthRange(1, mostBytes)
      const { postURL, formData } = await minio.presignedPostPolicy(policy)
      return { url: postURL, fields: formData as Record<string, string> }
    },
  }
}

const md5 = (key: string) => createHash('md5').update(Buffer.from(key, 'base64')).digest('base64')

const customerOptions = (key: string) => ({ SSECustomerAlgorithm: 'AES256', SSECustomerKey: key, SSECustomerKeyMD5: md5(key) })

const SSE = 'X-Amz-Server-Side-Encryption-Customer'

const customerHeaders = (key: string | undefined) =>
  key === undefined ? {} : { [`${SSE}-Algorithm`]: 'AES256', [`${SSE}-Key`]: key, [`${SSE}-Key-MD5`]: md5(key) }
