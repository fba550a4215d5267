import { readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expectBytes, expectFile, fileOf, scenario } from './scenario.ts'

/** Parts of an object, and the rest of a download that was broken off. */
export const ranges = scenario({
  id: 'ranges',
  title: 'ranges',
  needs: ['get'],
  async run(driver, place) {
    const { reader, bucket, folder } = place
    const { bytes } = fileOf(place, 'a', 300_000)
    await reader.write({ bucket, key: 'a' }, bytes)
    const piece = join(folder, 'piece')
    for (const [range, expected] of [
      ['bytes=0-0', bytes.subarray(0, 1)],
      ['bytes=100000-199999', bytes.subarray(100_000, 200_000)],
      ['bytes=-10', bytes.subarray(-10)],
    ] as const) {
      await driver.get({ bucket, key: 'a', file: piece, range })
      expectFile(piece, expected, range)
    }
    const broken = join(folder, 'broken')
    await driver.get({ bucket, key: 'a', file: broken })
    truncateSync(broken, 123_456)
    await driver.get({ bucket, key: 'a', file: piece, range: 'bytes=123456-' })
    expectBytes(Buffer.concat([readFileSync(broken), readFileSync(piece)]), bytes, 'the resumed download')
  },
})
