import { join } from 'node:path'
import { expectEqual, expectFile, fileOf, scenario } from './scenario.ts'

export const empty = scenario({
  id: 'empty',
  title: 'empty file',
  needs: ['put', 'get'],
  async run(driver, place) {
    const { reader, bucket } = place
    const { file } = fileOf(place, 'empty', 0)
    await driver.put({ bucket, key: 'empty', file })
    const head = await reader.head({ bucket, key: 'empty' })
    expectEqual([head?.['content-length'], head?.etag], ['0', '"d41d8cd98f00b204e9800998ecf8427e"'], 'size and ETag')
    const back = join(place.folder, 'back')
    await driver.get({ bucket, key: 'empty', file: back })
    expectFile(back, Buffer.alloc(0), 'the download')
  },
})
