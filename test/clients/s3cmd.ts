import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, Driver, ObjectAt, ObjectHeaders, Place } from './harness/client.ts'
import { findByCommand, pythonPackages, pythonProgram } from './harness/install.ts'
import { run, shell } from './harness/program.ts'
import { expectEqual, expectFile, expectRefused, expectTrue } from './harness/scenarios/scenario.ts'

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
  notes: { configuration: '`s3cmd info`, and the commands that state what is so: owner, payer, private, without log, website and policy' },
  runs: { configuration: configured },
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

/** What `info` shows of a bucket where nothing is configured. */
const INFO = {
  Location: 'auto',
  Payer: 'BucketOwner',
  Ownership: 'BucketOwnerEnforced',
  Versioning: 'none',
  'Block Public Access': 'BlockPublicAcls,IgnorePublicAcls,BlockPublicPolicy,RestrictPublicBuckets',
  Policy: 'none',
  CORS: 'none',
}

async function configured(place: Place): Promise<void> {
  const { bucket, reader, accountId } = place
  const url = `s3://${bucket}`
  await reader.write({ bucket, key: 'a' }, Buffer.from('a'))
  const expected = { ...INFO, ACL: `${accountId}: FULL_CONTROL` }
  const names = Object.keys(expected)
  const info = async (at: string) => fieldsOf(await s3cmd(place, ['info', at]), names)
  for (const [command = '', ...options] of [
    ['setacl', '--acl-private'],
    ['setownership', INFO.Ownership],
    ['setblockpublicaccess', INFO['Block Public Access']],
    ['payer'],
    ['accesslog', '--no-access-logging'],
    ['ws-delete'],
    ['delpolicy'],
  ])
    await s3cmd(place, [command, url, ...options])
  await s3cmd(place, ['setacl', '--acl-private', `${url}/a`])
  expectEqual(await info(url), expected, 'what info shows of a bucket')
  expectEqual(await info(`${url}/a`), { Policy: 'none', CORS: 'none', ACL: expected.ACL }, 'what info shows of an object')
  expectTrue(/No website/.test(await s3cmd(place, ['ws-info', url])), 'there is a website')
  await expectRefused(() => s3cmd(place, ['setacl', '--acl-public', url]), /NotImplemented/, 'setacl --acl-public')
}

/** The lines `   Name: value` of these names. */
const fieldsOf = (shown: string, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    [...shown.matchAll(/^ {3}([^:]+): *(.*)$/gm)].flatMap(([, name, value]) => (names.includes(name!) ? [[name, value]] : [])),
  )

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
