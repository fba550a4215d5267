import { join } from 'node:path'
import { expectEqual, expectTrue, scenario, sha256 } from './scenario.ts'

/** More than one part; each client chooses their size. */
export const large = scenario({
  id: 'large',
  title: '200 MB',
  needs: ['put', 'get'],
  async run(driver, { reader, bucket, folder, wire, large }, client) {
    const at = { bucket, key: 'large.bin' }
    wire.forget()
    await driver.put({ ...at, file: large.file })
    const parts = wire.sent.filter(({ method, target }) => method === 'PUT' && target.includes('partNumber='))
    expectTrue(parts.length > 1, 'it did not go up in parts')
    if (!client.serial) expectTrue(new Set(parts.map(({ connection }) => connection)).size > 1, 'all parts went over one connection')
    const head = await reader.head(at)
    expectEqual(Number(head?.['content-length']), large.bytes, 'the size')
    expectTrue(/^"[0-9a-f]{32}-\d+"$/.test(head?.etag ?? ''), `the ETag ${head?.etag} is none of a multipart upload`)
    const back = join(folder, 'large.bin')
    await driver.get({ ...at, file: back })
    expectEqual(await sha256(back), await sha256(large.file), 'the SHA-256 of the download')
  },
})
