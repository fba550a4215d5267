import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client, Place } from './client.ts'
import { expectBytes, expectEqual, expectTrue, sha256 } from './scenarios/scenario.ts'

/** What a backup tool does with the bucket of its place. */
export interface Backup {
  /** Saves a folder; the first one readies the bucket. */
  save(place: Place, source: string): Promise<void>
  /** Brings the newest state back into a folder. */
  restore(place: Place, target: string): Promise<void>
  /** Whether what is in a file's backup goes into this object. */
  isData(key: string): boolean
}

/** The scenarios of a backup tool: it chooses keys and bodies itself, so that only what comes back can be compared. */
export function backupRuns(backup: Backup): NonNullable<Client['runs']> {
  const around = async (place: Place, source: string) => {
    const target = join(place.folder, 'target')
    await backup.save(place, source)
    await backup.restore(place, target)
    return target
  }
  return {
    async large(place) {
      const source = folderOf(place)
      linkSync(place.large.file, join(source, 'large.bin'))
      expectEqual(
        await sha256(join(await around(place, source), 'large.bin')),
        await sha256(place.large.file),
        'the SHA-256 of the restored file',
      )
    },
    async empty(place) {
      const source = folderOf(place, { empty: '' })
      expectEqual(readFileSync(join(await around(place, source), 'empty')).length, 0, 'the size of the restored file')
    },
    async sync(place) {
      const source = folderOf(place, Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i} ü.txt`, `content of ${i}`])))
      const uploads = async () => {
        place.wire.forget()
        await backup.save(place, source)
        const puts = place.wire.sent.filter(({ method }) => method === 'PUT').map(({ target }) => target.split('?')[0]!)
        return puts.filter((path) => backup.isData(path.slice(`/${place.bucket}/`.length)))
      }
      expectTrue((await uploads()).length > 0, 'the first run saved no data')
      expectEqual(await uploads(), [], 'what the second run saved')
      const target = join(place.folder, 'target')
      await backup.restore(place, target)
      for (const name of readdirSync(source)) expectBytes(readFileSync(join(target, name)), readFileSync(join(source, name)), name)
    },
  }
}

/** A folder to save, with these files in it. */
export function folderOf(place: Place, files: Readonly<Record<string, string>> = {}): string {
  const folder = join(place.folder, 'source')
  mkdirSync(folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}
