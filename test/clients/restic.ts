import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Backup, backupRuns, folderOf } from './harness/backup.ts'
import type { Client, Place } from './harness/client.ts'
import { debianPackage, findByCommand } from './harness/install.ts'
import { run } from './harness/program.ts'
import { expectBytes, expectEqual, expectTrue } from './harness/scenarios/scenario.ts'

const backup: Backup = {
  async save(place, source) {
    if ((await place.reader.head({ bucket: place.bucket, key: 'config' })) === undefined) await restic(place, 'init')
    await run(place, ['restic', 'backup', '.'], { cwd: source, env: variables(place) })
  },
  async restore(place, target) {
    mkdirSync(target, { recursive: true })
    await restic(place, 'restore', 'latest', '--target', target)
  },
  isData: (key) => key.startsWith('data/'),
}

/** Debian's: newer ones are no Go module that can be installed. */
export const client: Client = {
  name: 'restic',
  install: [debianPackage('restic')],
  find: () => findByCommand(['restic', 'version']),
  runs: {
    ...backupRuns(backup),
    async buckets(place) {
      const bucket = `${place.bucket}-new`
      try {
        await restic({ ...place, bucket }, 'init')
        expectTrue(await place.reader.hasBucket(bucket), 'init made no bucket')
      } finally {
        await place.reader.removeBucket(bucket)
      }
    },
  },
  notes: { buckets: '`restic init` makes the bucket', sync: 'the second backup of an unchanged folder saves no data' },
  cannot: { rest: 'a backup tool chooses keys and bodies itself' },
  own: {
    title: 'init, backup, check of all data, restore of an earlier snapshot, forget and prune',
    async run(place) {
      const { reader, bucket, folder } = place
      const source = folderOf(place, { 'a.txt': 'first', 'b.txt': 'x'.repeat(2_000_000) })
      await backup.save(place, source)
      folderOf(place, { 'a.txt': 'second' })
      await backup.save(place, source)
      const [first] = JSON.parse(await restic(place, 'snapshots', '--json'))
      await restic(place, 'restore', first.id, '--target', join(folder, 'first'))
      expectBytes(readFileSync(join(folder, 'first/a.txt')), Buffer.from('first'), 'the earlier a.txt')
      const before = (await reader.keys(bucket)).length
      await restic(place, 'forget', '--keep-last', '1', '--prune', '--max-unused', '0')
      expectTrue((await reader.keys(bucket)).length < before, 'nothing was pruned')
      await restic(place, 'check', '--read-data')
      expectEqual(JSON.parse(await restic(place, 'snapshots', '--json')).length, 1, 'snapshots left')
    },
  },
  async snippetLeft({ reader }) {
    expectTrue(
      (await reader.keys('photos')).some((key) => key.includes('/snapshots/')),
      'the snippet left no snapshot',
    )
  },
}

const variables = ({ endpoint, bucket }: Place) => ({ RESTIC_REPOSITORY: `s3:${endpoint}/${bucket}`, RESTIC_PASSWORD: 'correct horse' })

const restic = async (place: Place, ...args: string[]): Promise<string> =>
  (await run(place, ['restic', ...args], { env: variables(place) })).out
