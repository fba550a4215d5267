import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expectBytes, expectEqual, expectFile, expectRefused, fileOf, scenario } from './scenario.ts'

export const ssec = scenario({
  id: 'ssec',
  title: 'SSE-C',
  needs: ['put', 'get'],
  async run(driver, place) {
    const { reader, bucket, folder } = place
    const at = { bucket, key: 'secret' }
    const key = randomBytes(32)
    const sseKey = key.toString('base64')
    const { file, bytes } = fileOf(place, 'a', 100_000)
    await driver.put({ ...at, file, sseKey })
    const headers = {
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': sseKey,
      'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(key).digest('base64'),
    }
    expectEqual((await reader.send('GET', at)).status, 400, 'the status without the key')
    expectBytes(await reader.read(at, headers), bytes, 'the upload')
    const back = join(folder, 'back')
    await driver.get({ ...at, file: back, sseKey })
    expectFile(back, bytes, 'the download')
    const wrong = randomBytes(32).toString('base64')
    await expectRefused(
      () => driver.get({ ...at, file: back, sseKey: wrong }),
      /40[03]|Access ?Denied|InvalidRequest|Forbidden|Bad Request/,
      'a wrong key',
    )
  },
})
