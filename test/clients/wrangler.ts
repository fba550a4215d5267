import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { QUIET, WRANGLER } from '../acceptance/support/wrangler-program.ts'
import type { Client, Driver, Place } from './harness/client.ts'
import { findNodePackage } from './harness/install.ts'
import { run } from './harness/program.ts'
import { expectEqual, sha256 } from './harness/scenarios/scenario.ts'

const NO_COMMAND = 'wrangler r2 object has put, get and delete, and no more'

const UNENCODED = 'it puts the key into the path of its URL as it is, so that `%41`, `?` and `#` mean something else'

export const client: Client = {
  name: 'wrangler r2',
  find: () => findNodePackage('wrangler'),
  open: async (place) => driverOf(place),
  languages: {
    // A shell in which npx finds what npm ci installed, without asking the registry.
    sh: async (file, place) => {
      await run(place, ['bash', '-eu', '-c', `npx() { shift; "${process.execPath}" "${WRANGLER}" "$@"; }; . "$0"`, file], { env: QUIET })
    },
  },
  runs: { large: inOneRequest, metadata: headersAlone },
  keysNot: { percent: UNENCODED, punctuation: UNENCODED },
  notes: {
    objects: `no list, copy or move: ${NO_COMMAND}`,
    keys: 'without list and copy',
    large: 'in one request: wrangler has no parts, and Cloudflare’s API takes 300 MiB',
    metadata: 'headers alone, and no way to read them: it has no option for metadata',
  },
  cannot: {
    presigned: NO_COMMAND,
    ranges: 'it has no option for a range',
    many: NO_COMMAND,
    conditions: 'it has no option for a condition',
    ssec: 'Cloudflare’s API for objects takes no customer keys',
    checksums: 'it sends none by itself',
    tags: NO_COMMAND,
    sync: NO_COMMAND,
  },
}

const wrangler = (place: Place, ...args: string[]) => run(place, [process.execPath, WRANGLER, 'r2', ...args], { env: QUIET })

function driverOf(place: Place): Driver {
  const object = async (verb: string, { bucket, key }: { bucket: string; key: string }, ...args: string[]) =>
    void (await wrangler(place, 'object', verb, `${bucket}/${key}`, '--remote', ...args))
  return {
    createBucket: async ({ bucket }) => void (await wrangler(place, 'bucket', 'create', bucket)),
    deleteBucket: async ({ bucket }) => void (await wrangler(place, 'bucket', 'delete', bucket)),
    listBuckets: async () => [...(await wrangler(place, 'bucket', 'list')).out.matchAll(/^name: +(\S+)$/gm)].map(([, name]) => name!),
    put: ({ file, ...at }) => object('put', at, '--file', file, '--force'),
    get: ({ file, ...at }) => object('get', at, '--file', file),
    delete: (at) => object('delete', at),
  }
}

async function inOneRequest(place: Place): Promise<void> {
  const at = { bucket: place.bucket, key: 'large.bin' }
  const driver = driverOf(place)
  await driver.put!({ ...at, file: place.large.file })
  expectEqual(Number((await place.reader.head(at))?.['content-length']), place.large.bytes, 'the size')
  const back = join(place.folder, 'large.bin')
  await driver.get!({ ...at, file: back })
  expectEqual(await sha256(back), await sha256(place.large.file), 'the SHA-256 of the download')
}

async function headersAlone(place: Place): Promise<void> {
  const { bucket, folder, reader } = place
  const file = join(folder, 'a.txt')
  writeFileSync(file, 'described')
  const headers = {
    'content-type': 'text/x-cairn; charset=utf-8',
    'cache-control': 'private, max-age=60',
    'content-disposition': 'attachment; filename="a b.txt"',
    'content-language': 'de, en',
    expires: 'Wed, 21 Oct 2026 07:28:00 GMT',
  }
  const options = Object.entries(headers).flatMap(([name, value]) => [`--${name}`, value])
  await wrangler(place, 'object', 'put', `${bucket}/described`, '--remote', '--file', file, ...options)
  const seen = (await reader.head({ bucket, key: 'described' })) ?? {}
  expectEqual(Object.fromEntries(Object.keys(headers).map((name) => [name, seen[name]])), headers, 'what the server has')
}
