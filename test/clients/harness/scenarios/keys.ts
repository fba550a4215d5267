import { expectBytes, expectEqual, expectFile, fileOf, scenario } from './scenario.ts'

const FOLDER_NAME = `${'d'.repeat(199)}/`

/** Keys that programs get wrong, by the names that a client's `keysNot` uses. */
export const KEYS: Readonly<Record<string, string>> = {
  spaces: ' two  spaces.txt',
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
  needs: ['put', 'get', 'delete'],
  partly: ['list', 'copy'],
  async run(driver, place, client) {
    const { reader, bucket } = place
    const tried = Object.keys(KEYS)
      .filter((name) => !client.keysNot?.[name])
      .map((name) => ({ name, at: { bucket, key: KEYS[name]! }, ...fileOf(place, name.replaceAll(' ', '-'), `content of ${name}`) }))
    for (const { at, file } of tried) await driver.put({ ...at, file })
    const all = tried.map(({ at }) => at.key).sort()
    expectEqual((await reader.keys(bucket)).sort(), all, 'what is in the bucket')
    if (driver.list) expectEqual((await driver.list({ bucket })).sort(), all, 'the list')
    for (const { name, at, file, bytes } of tried) {
      expectBytes(await reader.read(at), bytes, `${name}: the upload`)
      const back = `${file}.back` // A file of its own: rclone leaves one alone that has the size and the time already.
      await driver.get({ ...at, file: back })
      expectFile(back, bytes, `${name}: the download`)
      if (driver.copy) {
        await driver.copy({ ...at, to: 'copied' })
        expectBytes(await reader.read({ bucket, key: 'copied' }), bytes, `${name}: the copy`)
        await reader.send('DELETE', { bucket, key: 'copied' })
      }
      await driver.delete(at)
      expectEqual(await reader.head(at), undefined, `${name}: what is left after the delete`)
    }
  },
})
