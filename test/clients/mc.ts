import { join } from 'node:path'
import type { Client, Driver, ObjectAt, Place } from './harness/client.ts'
import { findByCommand, onceFor } from './harness/install.ts'
import { INSTALLED } from './harness/paths.ts'
import { execute, run, shell } from './harness/program.ts'
import { expectEqual, expectRefused, expectTrue } from './harness/scenarios/scenario.ts'

const MC = join(INSTALLED, 'mc')
const MODULE = 'github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9'
const NOT_TRIED = 'the driver does not try it'

export const client: Client = {
  name: 'mc',
  // Compiled without what prints its version, so that its module says it.
  install: [onceFor(`MinIO client ${MODULE}`, [import.meta.filename], install)],
  find: () => findByCommand(['go', 'version', '-m', MC], /minio\/mc\s+v0\.0\.0-(\d{8})/),
  open: async (place) => driverOf(place),
  presigns: ['GET'],
  notes: {
    presigned: '`mc share download`',
    configuration: '`mc stat`, `anonymous`, `version`, `encrypt`, `event`, `cors` and `replicate`',
  },
  runs: { configuration },
  languages: { sh: shell(MC) },
  cannot: {
    forms: '`mc share upload` shows them as a command of curl, and the driver does not try it',
    metadata: NOT_TRIED,
    ranges: NOT_TRIED,
    conditions: NOT_TRIED,
    ssec: NOT_TRIED,
    checksums: NOT_TRIED,
  },
}

async function install(): Promise<void> {
  await execute(['go', 'install', MODULE], { env: { ...process.env, GOBIN: INSTALLED } })
}

async function mc(place: Place, ...args: string[]): Promise<string> {
  const { accessKeyId, secretAccessKey, endpoint, env } = place
  const { host } = new URL(endpoint)
  const own = { MC_HOST_cairn: `http://${accessKeyId}:${secretAccessKey}@${host}`, MC_CONFIG_DIR: join(env.HOME!, '.mc') }
  return (await run(place, [MC, '--quiet', '--no-color', '--disable-pager', ...args], { env: own })).out
}

async function configuration(place: Place): Promise<void> {
  const { bucket } = place
  const at = `cairn/${bucket}`
  const json = async (...args: string[]) => JSON.parse(await mc(place, '--json', ...args))
  const { location, Policy, Versioning } = await json('stat', at)
  expectEqual([location, Policy.type, Versioning.status], ['auto', 'none', ''], 'what stat shows')
  expectEqual((await json('anonymous', 'get', at)).permission, 'private', 'the anonymous access')
  await mc(place, 'anonymous', 'set', 'private', at)
  expectTrue(/un-versioned/.test(await mc(place, 'version', 'info', at)), 'it has versions')
  expectTrue(/sse-s3/.test(await mc(place, 'encrypt', 'info', at)), 'it is not encrypted')
  expectEqual(await mc(place, 'event', 'list', at), '', 'the events')
  expectTrue(/No bucket CORS/.test(await mc(place, 'cors', 'get', at)), 'it has CORS rules')
  await expectRefused(() => mc(place, 'replicate', 'ls', at), /replication configuration not set/, 'replicate ls')
  await expectRefused(() => mc(place, 'anonymous', 'set', 'download', at), /not implemented/, 'anonymous set download')
}

function driverOf(place: Place): Driver {
  const done = async (...args: string[]) => void (await mc(place, ...args))
  const keysOf = async (path: string) =>
    (await mc(place, 'ls', '--json', '--recursive', path))
      .split('\n')
      .filter((line) => line !== '')
      .map((line): string => JSON.parse(line).key)
  return {
    createBucket: ({ bucket }) => done('mb', `cairn/${bucket}`),
    deleteBucket: ({ bucket }) => done('rb', `cairn/${bucket}`),
    listBuckets: async () =>
      (await mc(place, 'ls', '--json', 'cairn'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line).key.replace(/\/$/, '')),
    put: ({ file, ...at }) => done('put', file, pathOf(at)),
    get: ({ file, ...at }) => done('get', pathOf(at), file),
    async head(at) {
      const { size, metadata } = JSON.parse(await mc(place, 'stat', '--json', pathOf(at)))
      return { size, contentType: metadata['Content-Type'] }
    },
    list: async ({ bucket, prefix = '' }) => (await keysOf(`cairn/${bucket}/${prefix}`)).map((key) => prefix + key),
    copy: ({ to, ...at }) => done('cp', pathOf(at), pathOf({ ...at, key: to })),
    move: ({ to, ...at }) => done('mv', pathOf(at), pathOf({ ...at, key: to })),
    delete: (at) => done('rm', pathOf(at)),
    deleteAll: ({ bucket }) => done('rm', '--recursive', '--force', `cairn/${bucket}`),
    presign: async (at) => JSON.parse(await mc(place, 'share', 'download', '--json', '--expire', '10m', pathOf(at))).share,
    setTags: ({ tags, ...at }) => done('tag', 'set', pathOf(at), new URLSearchParams(tags).toString()),
    getTags: async (at) => JSON.parse(await mc(place, 'tag', 'list', '--json', pathOf(at))).tagset,
    sync: ({ folder, bucket, direction }) => {
      const ends = [folder, `cairn/${bucket}`]
      return done('mirror', '--overwrite', '--remove', ...(direction === 'up' ? ends : ends.reverse()))
    },
  }
}

const pathOf = ({ bucket, key }: ObjectAt) => `cairn/${bucket}/${key}`
