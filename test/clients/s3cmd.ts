import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, Driver, ObjectAt, ObjectHeaders, Place } from './harness/client.ts'
import { findByCommand, pythonPackages, pythonProgram } from './harness/install.ts'
import { run, shell } from './harness/program.ts'
import { expectEqual, expectFile } from './harness/scenarios/scenario.ts'

const S3CMD = pythonProgram('s3cmd', 's3cmd')

export const client: Client = {
  name: 's3cmd',
  install: [pythonPackages('s3cmd')],
  find: () => findByCommand([S3CMD, '--version']),
  open: async (place) => driverOf(place),
  serial: 'it sends one part after the other',
  languages: { sh: shell(S3CMD) },
  cannot: {
    presigned: '`s3cmd signurl` signs with version 2 alone, which R2 refuses as well',
    ranges: 'it has no ranges, but `get --continue`, which its own scenario tries',
    checksums: 'it compares MD5s and ETags',
    ssec: "`--add-header` sends the key with `put`, but `get` sends no headers of one's own",
  },
  own: {
    title: '`s3cmd get --continue` of a download that was broken off',
    async run(place) {
      const { reader, bucket, folder, wire } = place
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
      await reader.write({ bucket, key: 'a' }, bytes)
      const file = join(folder, 'broken')
      writeFileSync(file, bytes.subarray(0, 123_456))
      await s3cmd(place, ['get', '--continue', `s3://${bucket}/a`, file])
      expectFile(file, bytes, 'the resumed download')
      expectEqual(wire.sent.map(({ headers }) => headers.range).filter(Boolean), ['bytes=123456-'], 'the range it asked for')
    },
  },
}

function driverOf(place: Place): Driver {
  writeFileSync(join(place.env.HOME!, '.s3cfg'), configuration(place))
  const done = async (...args: string[]) => void (await s3cmd(place, args))
  return {
    createBucket: ({ bucket }) => done('mb', `s3://${bucket}`),
    deleteBucket: ({ bucket }) => done('rb', `s3://${bucket}`),
    listBuckets: async () => keysOf(await s3cmd(place, ['ls']), 's3://'),
    put: ({ file, headers, ifNoneMatch, ifMatch, ...at }) =>
      done('put', ...headerArguments(headers), ...added({ 'If-None-Match': ifNoneMatch, 'If-Match': ifMatch }), file, urlOf(at)),
    get: ({ file, ...at }) => done('get', '--force', urlOf(at), file),
    async head(at) {
      const told = await s3cmd(place, ['info', urlOf(at)])
      const field = (name: string) => new RegExp(`^ +${name}: +(.*)$`, 'm').exec(told)?.[1]
      const metadata = Object.fromEntries([...told.matchAll(/^ +x-amz-meta-(\S+): +(.*)$/gm)].map(([, name, value]) => [name, value!]))
      const { 's3cmd-attrs': _, ...own } = metadata
      return { size: Number(field('File size')), contentType: field('MIME type'), metadata: own }
    },
    list: async ({ bucket, prefix = '' }) =>
      keysOf(await s3cmd(place, ['ls', '--recursive', `s3://${bucket}/${prefix}`]), `s3://${bucket}/`),
    copy: ({ to, ...at }) => done('cp', urlOf(at), urlOf({ ...at, key: to })),
    move: ({ to, ...at }) => done('mv', urlOf(at), urlOf({ ...at, key: to })),
    delete: (at) => done('del', urlOf(at)),
    deleteAll: ({ bucket }) => done('del', '--recursive', '--force', `s3://${bucket}`),
    setTags: ({ tags, ...at }) =>
      done(
        'settagging',
        urlOf(at),
        Object.entries(tags)
          .map(([name, value]) => `${name}=${value}`)
          .join('&'),
      ),
    getTags: async (at) =>
      Object.fromEntries(
        [...(await s3cmd(place, ['gettagging', urlOf(at)])).matchAll(/^\t(.*?):\t(.*)$/gm)].map(([, name, value]) => [name!, value!]),
      ),
    sync: ({ folder, bucket, direction }) => {
      const ends = [`${folder}/`, `s3://${bucket}/`]
      return done('sync', ...(direction === 'up' ? ends : ends.reverse()))
    },
  }
}

const s3cmd = async (place: Place, args: readonly string[]): Promise<string> => (await run(place, [S3CMD, '--no-progress', ...args])).out

/** As docs/reference/clients.md has it. */
const configuration = ({ endpoint, accessKeyId, secretAccessKey }: Place) => `[default]
access_key = ${accessKeyId}
secret_key = ${secretAccessKey}
host_base = ${new URL(endpoint).host}
host_bucket = ${new URL(endpoint).host}
bucket_location = auto
use_https = False
`

const urlOf = ({ bucket, key }: ObjectAt) => `s3://${bucket}/${key}`

const keysOf = (listed: string, before: string): string[] =>
  listed.split('\n').flatMap((line) => (line.includes(before) ? [line.slice(line.indexOf(before) + before.length)] : []))

const added = (headers: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`--add-header=${name}:${value}`]))

const headerArguments = ({ contentType, metadata = {}, ...headers }: ObjectHeaders = {}): string[] => [
  ...(contentType ? [`--mime-type=${contentType}`] : []),
  ...added(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replaceAll(/[A-Z]/g, '-$&'), value as string]))),
  ...added(Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]))),
]
