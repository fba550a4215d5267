import { join } from 'node:path'
import { expectEqual, expectFile, fileOf, scenario } from './scenario.ts'

/** Of no bytes, and of a multipart upload with one empty part. */
const ETAGS = ['"d41d8cd98f00b204e9800998ecf8427e"', '"59adb24ef3cdbe0297f05b395827453f-1"']

export const empty = scenario({
  id: 'empty',
  title: 'empty file',
  needs: ['put', 'get'],
  async run(driver, place) {
    const { reader, bucket } = place
    const { file } = fileOf(place, 'empty', 0)
    await driver.put({ bucket, key: 'empty', file })
    const head = await reader.head({ bucket, key: 'empty' })
    expectEqual([head?.['content-length'], ETAGS.includes(head?.etag ?? '')], ['0', true], `size and ETag ${head?.etag}`)
    const back = join(place.folder, 'back')
    await driver.get({ bucket, key: 'empty', file: back })
    expectFile(back, Buffer.alloc(0), 'the download')
  },
})
