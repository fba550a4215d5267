import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Client, Driver, ObjectAt, Place } from './harness/client.ts'
import { debianPackage, findByCommand } from './harness/install.ts'
import { run } from './harness/program.ts'
import { expectBytes, expectEqual } from './harness/scenarios/scenario.ts'

const FOLDERS = 'a key with slashes gets objects for its folders'

export const client: Client = {
  name: 's3fs-fuse',
  install: [debianPackage('fuse'), debianPackage('s3fs')],
  find: async () => (existsSync('/dev/fuse') ? findByCommand(['s3fs', '--version']) : { missing: 'there is no /dev/fuse to mount with' }),
  open: driverOf,
  keysNot: { percent: FOLDERS, unicode: FOLDERS, emoji: FOLDERS, '1,024 bytes': FOLDERS, 'leading slash': 'a path has no empty names' },
  cannot: {
    buckets: 'a file system mounts a bucket that is there',
    metadata: 'a file has no such headers',
    presigned: 'a file has no URL',
    conditions: 'a file system overwrites',
    ssec: 'its keys are those of a mount, not of a file',
    checksums: 'it compares MD5s and ETags',
    tags: 'a file has no tags',
    sync: 'a file system has no such command',
  },
  own: {
    title: 'folders with names in Unicode, renamed; a file appended to, cut and linked to',
    async run(place) {
      const { reader, bucket } = place
      const script = `
        cd "$0"
        mkdir -p 'ünï 日本語/🎉+%'
        echo one > 'ünï 日本語/🎉+%/a'
        echo two >> 'ünï 日本語/🎉+%/a'
        mv 'ünï 日本語' renamed
        test "$(cat renamed/*/a)" = "$(printf 'one\ntwo')"
        ln -s renamed/*/a link
        truncate --size 3 link`
      await run(place, ['bash', '-eu', '-c', script, mountOf(place)])
      expectBytes(await reader.read({ bucket, key: 'renamed/🎉+%/a' }), Buffer.from('one'), 'the file')
      expectEqual(await reader.keys(bucket), ['link', 'renamed/', 'renamed/🎉+%/', 'renamed/🎉+%/a'], 'what is in the bucket')
    },
  },
}

const mountOf = ({ folder }: Pick<Place, 'folder'>) => join(folder, 'mount')

/**
 * The bucket's verbs are those of its files. Other programs do the work, and are not started inside the mount: this process, through which the mount's
 * requests go, would wait for itself.
 */
async function driverOf(place: Place): Promise<Driver> {
  const mount = mountOf(place)
  mkdirSync(mount)
  await run(place, ['s3fs', place.bucket, mount, '-o', `url=${place.endpoint}`, '-o', 'use_path_request_style', '-o', 'endpoint=auto'])
  const pathOf = ({ key }: Pick<ObjectAt, 'key'>) => join(mount, key)
  const done = async (...command: string[]) => void (await run(place, command))
  const list = async ({ prefix = '' }) => {
    const { out } = await run(place, ['find', mount, '-type', 'f', '-printf', '%P\\n'])
    return out.split('\n').filter((key) => key !== '' && key.startsWith(prefix))
  }
  return {
    async put({ file, ...at }) {
      await done('mkdir', '-p', dirname(pathOf(at)))
      await done('cp', file, pathOf(at))
    },
    async get({ file, range, ...at }) {
      if (range === undefined) return done('cp', pathOf(at), file)
      const [first = '', last = ''] = range.replace('bytes=', '').split('-')
      const size = Number((await run(place, ['stat', '-c', '%s', pathOf(at)])).out)
      const from = first === '' ? size - Number(last) : Number(first)
      const count = (first === '' || last === '' ? size : Number(last) + 1) - from
      await done('dd', `if=${pathOf(at)}`, `of=${file}`, 'iflag=skip_bytes,count_bytes', `skip=${from}`, `count=${count}`, 'status=none')
    },
    list,
    copy: ({ to, ...at }) => done('cp', pathOf(at), pathOf({ key: to })),
    move: ({ to, ...at }) => done('mv', pathOf(at), pathOf({ key: to })),
    delete: (at) => done('rm', '--recursive', pathOf(at)),
    deleteAll: () => done('find', mount, '-mindepth', '1', '-delete'),
    close: () => done('fusermount', '-u', mount),
  }
}
