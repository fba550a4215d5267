import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, Driver, ObjectAt, ObjectHeaders, Place, Verb } from './client.ts'
import { run } from './program.ts'

type AwsCli = Pick<Client, 'name' | 'install' | 'find' | 'cannot' | 'notes'> & {
  /** The `aws` of this version. */
  readonly program: string
  /** Versions before 2.13 do not read AWS_ENDPOINT_URL. */
  readonly endpointFromArgument?: boolean
  /** Verbs for which this version has no command or option. */
  readonly lacks?: readonly Verb[]
}

/** Both versions of the AWS CLI. */
export function awsCli({ program, endpointFromArgument = false, lacks = [], ...client }: AwsCli): Client {
  return {
    ...client,
    open: async (place) => {
      const driver = driverOf(place, [program, ...(endpointFromArgument ? ['--endpoint-url', place.endpoint] : [])])
      return Object.fromEntries(Object.entries(driver).filter(([verb]) => !lacks.includes(verb as Verb)))
    },
    languages: {
      // A shell in which `aws` is this one.
      sh: async (file, place) => {
        await run(place, ['bash', '-eu', '-c', `aws() { "${program}" "$@"; }; . "$0"`, file])
      },
    },
    presigns: ['GET'],
    notes: { presigned: '`aws s3 presign` is for GET alone', ...client.notes },
  }
}

function driverOf(place: Place, command: readonly string[]): Driver {
  const aws = async (...args: string[]) => (await run(place, [...command, ...args])).out
  const s3 = async (...args: string[]) => void (await aws('s3', ...args, '--no-progress'))
  const list = async ({ bucket, prefix = '' }: { bucket: string; prefix?: string }): Promise<string[]> =>
    JSON.parse(
      await aws('s3api', 'list-objects-v2', '--bucket', bucket, '--prefix', prefix, '--query', 'Contents[].Key', '--output', 'json'),
    ) ?? []
  // The answer is empty when it has no members.
  const call = async (operation: string, params: object) => {
    const command = operation.replaceAll(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase()
    return JSON.parse((await aws('s3api', command, '--cli-input-json', JSON.stringify(params), '--output', 'json')) || '{}')
  }
  return {
    createBucket: async ({ bucket }) => void (await aws('s3', 'mb', `s3://${bucket}`)),
    deleteBucket: async ({ bucket }) => void (await aws('s3', 'rb', `s3://${bucket}`)),
    listBuckets: async () => (await aws('s3', 'ls')).split('\n').flatMap((line) => line.split(' ')[2] ?? []),
    async put({ file, headers, ifNoneMatch, ifMatch, sseKey, ...at }) {
      const conditions = [...(ifNoneMatch ? ['--if-none-match', ifNoneMatch] : []), ...(ifMatch ? ['--if-match', ifMatch] : [])]
      if (conditions.length > 0) await aws('s3api', 'put-object', '--bucket', at.bucket, '--key', at.key, '--body', file, ...conditions)
      else await s3('cp', file, urlOf(at), ...headerArguments(headers), ...keyArguments(place, sseKey))
    },
    async get({ file, range, sseKey, ...at }) {
      if (range) await aws('s3api', 'get-object', '--bucket', at.bucket, '--key', at.key, '--range', range, file)
      else await s3('cp', urlOf(at), file, ...keyArguments(place, sseKey))
    },
    async head({ bucket, key }) {
      const head = JSON.parse(await aws('s3api', 'head-object', '--bucket', bucket, '--key', key, '--output', 'json'))
      return {
        size: head.ContentLength,
        contentType: head.ContentType,
        cacheControl: head.CacheControl,
        contentDisposition: head.ContentDisposition,
        contentLanguage: head.ContentLanguage,
        metadata: head.Metadata,
      }
    },
    list,
    copy: ({ bucket, key, to }) => s3('cp', urlOf({ bucket, key }), urlOf({ bucket, key: to })),
    move: ({ bucket, key, to }) => s3('mv', urlOf({ bucket, key }), urlOf({ bucket, key: to })),
    delete: async (at) => void (await aws('s3', 'rm', urlOf(at))),
    deleteAll: async ({ bucket }) => void (await aws('s3', 'rm', `s3://${bucket}`, '--recursive', '--only-show-errors')),
    async attributes(at) {
      const { ETag, ObjectSize, ObjectParts } = await call('GetObjectAttributes', { ...named(at), ObjectAttributes: ATTRIBUTES })
      return {
        etag: ETag,
        size: ObjectSize,
        ...(ObjectParts && { partSizes: ObjectParts.Parts.map(({ Size }: { Size: number }) => Size) }),
      }
    },
    rename: async ({ to, ...at }) =>
      void (await call('RenameObject', { Bucket: at.bucket, Key: to, RenameSource: encodeURIComponent(at.key) })),
    deleteIf: async ({ ifMatch, ...at }) => void (await call('DeleteObject', { ...named(at), IfMatch: ifMatch })),
    call: ({ operation, params }) => call(operation, params),
    presign: async (at) => (await aws('s3', 'presign', urlOf(at), '--expires-in', '600')).trim(),
    async setTags({ bucket, key, tags }) {
      const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
      await aws('s3api', 'put-object-tagging', '--bucket', bucket, '--key', key, '--tagging', JSON.stringify({ TagSet }))
    },
    async getTags({ bucket, key }) {
      const { TagSet } = JSON.parse(await aws('s3api', 'get-object-tagging', '--bucket', bucket, '--key', key, '--output', 'json'))
      return Object.fromEntries(TagSet.map(({ Key, Value }: { Key: string; Value: string }) => [Key, Value]))
    },
    sync: ({ folder, bucket, direction }) => {
      const ends = [folder, `s3://${bucket}`]
      return s3('sync', ...(direction === 'up' ? ends : ends.reverse()))
    },
  }
}

const ATTRIBUTES = ['ETag', 'ObjectSize', 'ObjectParts']

const named = ({ bucket, key }: ObjectAt) => ({ Bucket: bucket, Key: key })

const urlOf = ({ bucket, key }: ObjectAt) => `s3://${bucket}/${key}`

const headerArguments = ({ metadata, ...headers }: ObjectHeaders = {}): string[] => [
  ...Object.entries(headers).flatMap(([name, value]) => [`--${name.replaceAll(/[A-Z]/g, '-$&').toLowerCase()}`, String(value)]),
  ...(metadata ? ['--metadata', JSON.stringify(metadata)] : []),
]

function keyArguments(place: Place, sseKey: string | undefined): string[] {
  if (sseKey === undefined) return []
  const file = join(place.folder, 'key.bin')
  writeFileSync(file, Buffer.from(sseKey, 'base64'))
  return ['--sse-c', 'AES256', '--sse-c-key', `fileb://${file}`]
}
