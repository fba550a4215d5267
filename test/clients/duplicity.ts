import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Backup, backupRuns, folderOf } from './harness/backup.ts'
import type { Client, Place } from './harness/client.ts'
import { debianPackage, findByCommand, pythonPackages, pythonProgram } from './harness/install.ts'
import { run, shell } from './harness/program.ts'
import { expectBytes, expectEqual, expectTrue } from './harness/scenarios/scenario.ts'

const DUPLICITY = pythonProgram('duplicity', 'duplicity')

const backup: Backup = {
  save: async (place, source) => void (await duplicity(place, ['backup', source, urlOf(place)])),
  restore: async (place, target) => void (await duplicity(place, ['restore', urlOf(place), target])),
  isData: (key) => key.includes('duplicity-full.') && key.includes('.vol'),
}

export const client: Client = {
  name: 'duplicity',
  install: [debianPackage('gnupg'), debianPackage('librsync2'), pythonPackages('duplicity', '--no-deps')],
  find: () => findByCommand([DUPLICITY, '--version']),
  runs: backupRuns(backup),
  notes: { sync: 'the second backup is an incremental one, without data' },
  cannot: { rest: 'a backup tool chooses keys and bodies itself' },
  own: {
    title: 'full and incremental backup, verify of the data, restore of an earlier time, removal of old backups',
    async run(place) {
      const { reader, bucket, folder } = place
      const source = folderOf(place, { 'a.txt': 'first', 'b.txt': 'x'.repeat(2_000_000) })
      const url = urlOf(place)
      await duplicity(place, ['full', source, url])
      const between = new Date((Math.floor(Date.now() / 1000) + 1) * 1000)
      await new Promise((resolve) => setTimeout(resolve, 2100)) // Its backups are told apart by the second.
      folderOf(place, { 'a.txt': 'second' })
      await duplicity(place, ['incremental', source, url])
      await duplicity(place, ['verify', '--compare-data', url, source])
      await duplicity(place, ['restore', '--time', between.toISOString().replace('.000', ''), url, join(folder, 'first')])
      expectBytes(readFileSync(join(folder, 'first/a.txt')), Buffer.from('first'), 'the earlier a.txt')
      await new Promise((resolve) => setTimeout(resolve, 1100))
      await duplicity(place, ['full', source, url])
      await duplicity(place, ['remove-all-but-n-full', '1', '--force', url])
      expectEqual(
        (await reader.keys(bucket)).filter((key) => key.includes('-inc.')),
        [],
        'incremental backups left',
      )
    },
  },
  async snippetLeft({ reader }) {
    expectTrue(
      (await reader.keys('photos')).some((key) => key.includes('duplicity-full')),
      'the snippet left no backup',
    )
  },
  languages: { sh: shell(DUPLICITY) },
}

const urlOf = ({ bucket }: Place) => `s3://${bucket}/backup`

async function duplicity(place: Place, args: readonly string[]): Promise<void> {
  const server = ['--s3-endpoint-url', place.endpoint, '--s3-region-name', 'auto']
  await run(place, [DUPLICITY, ...args, ...server], { env: { PASSPHRASE: 'correct horse' } })
}
