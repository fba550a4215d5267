import { join } from 'node:path'
import { expectBytes, expectEqual, expectFile, fileOf, scenario } from './scenario.ts'

export const objects = scenario({
  id: 'objects',
  title: 'objects',
  needs: ['put', 'get', 'delete'],
  partly: ['list', 'copy'],
  async run(driver, { reader, bucket, folder, ...place }, client) {
    const { file, bytes } = fileOf({ reader, bucket, folder, ...place }, 'a', 100_000)
    const back = join(folder, 'back')
    await driver.put({ bucket, key: 'dir/a', file })
    expectBytes(await reader.read({ bucket, key: 'dir/a' }), bytes, 'the upload')
    await driver.get({ bucket, key: 'dir/a', file: back })
    expectFile(back, bytes, 'the download')
    await reader.write({ bucket, key: 'b' }, bytes)
    if (driver.list) {
      expectEqual((await driver.list({ bucket })).sort(), ['b', 'dir/a'], 'the list')
      expectEqual(await driver.list({ bucket, prefix: 'dir/' }), ['dir/a'], 'the list of a folder')
    }
    if (driver.copy) {
      await driver.copy({ bucket, key: 'dir/a', to: 'copied' })
      expectBytes(await reader.read({ bucket, key: 'copied' }), bytes, 'the copy')
    }
    if (driver.move) {
      await driver.move({ bucket, key: 'dir/a', to: 'moved' })
      expectBytes(await reader.read({ bucket, key: 'moved' }), bytes, 'what was moved')
      expectEqual(await reader.head({ bucket, key: 'dir/a' }), undefined, 'what was moved away')
    }
    const left = async () => (await reader.keys(bucket)).filter((key) => !(client.marksFolders && key.endsWith('/')))
    for (const key of await left()) await driver.delete({ bucket, key })
    expectEqual(await left(), [], 'what is left after the deletes')
  },
})
