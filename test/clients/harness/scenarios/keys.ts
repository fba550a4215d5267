import { join } from 'node:path'
import { expectBytes, expectEqual, expectFile, fileOf, scenario } from './scenario.ts'

const FOLDER_NAME = `${'d'.repeat(199)}/`

/** Keys that programs get wrong, by the names that a client's `keysNot` uses. */
export const KEYS: Readonly<Record<string, string>> = {
  spaces: ' two  spaces and one at the end .txt ',
  plus: 'a+b+c.txt',
  percent: '100%/%41%2F%25.txt',
  unicode: 'ünï/日本語/e\u0301.txt',
  emoji: '🎉/👩‍👩‍👧.txt',
  punctuation: `it's "q" & <x>=~!$*(),;:@[]{}|^\`?#.txt`,
  'leading slash': '/leading/slash.txt',
  '1,024 bytes': FOLDER_NAME.repeat(5) + 'f'.repeat(24),
}

export const keys = scenario({
  id: 'keys',
  title: 'keys',
  needs: ['put', 'get', 'list', 'delete'],
  async run(driver, place, client) {
    const { reader, bucket } = place
    const tried = Object.entries(KEYS).filter(([name]) => !client.keysNot?.[name])
    for (const [name, key] of tried) {
      const { file, bytes } = fileOf(place, 'a', `content of ${key}`)
      await driver.put({ bucket, key, file })
      expectEqual(await reader.keys(bucket), [key], `${name}: what is in the bucket`)
      expectBytes(await reader.read({ bucket, key }), bytes, `${name}: the upload`)
      expectEqual(await driver.list({ bucket }), [key], `${name}: the list`)
      const back = join(place.folder, 'back')
      await driver.get({ bucket, key, file: back })
      expectFile(back, bytes, `${name}: the download`)
      if (driver.copy) {
        await driver.copy({ bucket, key, to: 'copied' })
        expectBytes(await reader.read({ bucket, key: 'copied' }), bytes, `${name}: the copy`)
        await driver.delete({ bucket, key: 'copied' })
      }
      await driver.delete({ bucket, key })
      expectEqual(await reader.keys(bucket), [], `${name}: what is left after the delete`)
    }
  },
})
