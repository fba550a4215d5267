import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, Driver, ObjectAt, Place } from './client.ts'
import { findByCommand, pythonPackages, pythonProgram } from './install.ts'
import { run, shell } from './program.ts'
import { expectBytes, expectEqual } from './scenarios/scenario.ts'

const RCLONE = pythonProgram('rclone', 'rclone')

/** rclone with one of its kinds of S3. */
export const rclone = (provider: 'Cloudflare' | 'Other'): Client => ({
  name: `rclone (${provider})`,
  install: [pythonPackages('rclone')],
  find: () => findByCommand([RCLONE, 'version'], /rclone v(\S+)/),
  open: async (place) => driverOf(place, provider),
  presigns: ['GET'],
  notes: {
    presigned: '`rclone link` is for GET alone',
    configuration: '`backend versioning`, `backend cleanup`, and private buckets and objects',
  },
  runs: { configuration: (place) => configuration(place, provider) },
  cannot: {
    checksums: 'it sends Content-MD5, and with parts the MD5 as metadata',
    tags: 'rclone has no tags',
  },
  keysNot: { 'leading slash': 'rclone cleans paths' },
  languages: { sh: shell(RCLONE) },
})

const configOf = (place: Place, provider: string) => ({
  RCLONE_CONFIG_CAIRN_TYPE: 's3',
  RCLONE_CONFIG_CAIRN_PROVIDER: provider,
  RCLONE_CONFIG_CAIRN_ENV_AUTH: 'true',
  RCLONE_CONFIG_CAIRN_ENDPOINT: place.endpoint,
  RCLONE_S3_UPLOAD_CUTOFF: '100Mi', // By itself, parts begin at 200 MiB.
  RCLONE_CONFIG: '/notfound',
})

/** What rclone asks and states of a bucket beside its data. */
async function configuration(place: Place, provider: string): Promise<void> {
  const { bucket, folder, reader } = place
  const rclone = async (...args: string[]) =>
    (await run(place, [RCLONE, '--retries=1', '--quiet', ...args], { env: configOf(place, provider) })).out
  expectEqual(JSON.parse(await rclone('backend', 'versioning', `cairn:${bucket}`)), 'Unversioned', 'the versioning that it shows')
  await rclone('backend', 'cleanup', `cairn:${bucket}`)
  const [other, file] = [`${bucket}-2`, join(folder, 'a')]
  writeFileSync(file, 'a')
  await rclone('mkdir', '--s3-bucket-acl', 'private', `cairn:${other}`)
  await rclone('copyto', '--s3-acl', 'private', file, `cairn:${other}/a`)
  expectBytes(await reader.read({ bucket: other, key: 'a' }), Buffer.from('a'), 'the private object')
  await rclone('purge', `cairn:${other}`)
  expectEqual(await reader.hasBucket(other), false, 'the private bucket after purge')
}

function driverOf(place: Place, provider: string): Driver {
  const config = configOf(place, provider)
  const rclone = async (args: readonly string[], more: Record<string, string> = {}) =>
    (await run(place, [RCLONE, '--retries=1', '--quiet', ...args], { env: { ...config, ...more } })).out
  const done = async (...args: Parameters<typeof rclone>) => void (await rclone(...args))
  return {
    createBucket: ({ bucket }) => done(['mkdir', `cairn:${bucket}`]),
    deleteBucket: ({ bucket }) => done(['rmdir', `cairn:${bucket}`]),
    listBuckets: async () => linesOf(await rclone(['lsf', 'cairn:'])).map((name) => name.replace(/\/$/, '')),
    put: ({ file, headers: { metadata = {}, ...headers } = {}, ifNoneMatch, ifMatch, sseKey, ...at }) => {
      const own = Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]))
      // Without --ignore-times it may find that the file is there already, and send nothing.
      return done(
        ['copyto', '--ignore-times', file, pathOf(at), ...headerArguments({ ...headers, ...own, ifNoneMatch, ifMatch })],
        keyVariables(sseKey),
      )
    },
    async get({ file, range, sseKey, ...at }) {
      if (range === undefined) return done(['copyto', pathOf(at), file], keyVariables(sseKey))
      await run(place, ['bash', '-c', '"$@" > "$0"', file, RCLONE, 'cat', ...rangeArguments(range), pathOf(at)], { env: config })
    },
    async head(at) {
      const { Size, MimeType, Metadata } = JSON.parse(await rclone(['lsjson', '--stat', '--metadata', pathOf(at)]))
      const { 'cache-control': cacheControl, 'content-disposition': contentDisposition, ...rest } = Metadata
      const metadata = Object.fromEntries(Object.entries(rest).filter(([name]) => !SYSTEM_METADATA.includes(name)))
      return { size: Size, contentType: MimeType, cacheControl, contentDisposition, metadata } as Awaited<
        ReturnType<NonNullable<Driver['head']>>
      >
    },
    list: async ({ bucket, prefix = '' }) =>
      linesOf(await rclone(['lsf', '--recursive', '--files-only', `cairn:${bucket}/${prefix}`])).map((name) => prefix + name),
    copy: ({ to, ...at }) => done(['copyto', pathOf(at), pathOf({ ...at, key: to })]),
    move: ({ to, ...at }) => done(['moveto', pathOf(at), pathOf({ ...at, key: to })]),
    delete: (at) => done(['deletefile', pathOf(at)]),
    deleteAll: ({ bucket }) => done(['delete', `cairn:${bucket}`]),
    presign: async (at) => (await rclone(['link', '--expire', '10m', pathOf(at)])).trim(),
    sync: ({ folder, bucket, direction }) => {
      const ends = [folder, `cairn:${bucket}`]
      return done(['sync', ...(direction === 'up' ? ends : ends.reverse())])
    },
  }
}

/** What rclone adds to an object's own metadata. */
const SYSTEM_METADATA = ['btime', 'mtime', 'tier', 'content-type', 'content-language', 'content-encoding']

const pathOf = ({ bucket, key }: ObjectAt) => `cairn:${bucket}/${key}`

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')

const headerArguments = (headers: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : ['--header-upload', `${name.replaceAll(/[A-Z]/g, '-$&')}: ${value}`],
  )

const keyVariables = (sseKey: string | undefined): Record<string, string> =>
  sseKey === undefined ? {} : { RCLONE_S3_SSE_CUSTOMER_ALGORITHM: 'AES256', RCLONE_S3_SSE_CUSTOMER_KEY_BASE64: sseKey }

/** `bytes=a-b`, `bytes=a-` or `bytes=-n`. */
function rangeArguments(range: string): string[] {
  const [first = '', last = ''] = range.replace('bytes=', '').split('-')
  if (first === '') return ['--tail', last]
  return ['--offset', first, ...(last === '' ? [] : ['--count', String(Number(last) - Number(first) + 1)])]
}
