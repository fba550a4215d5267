import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { crc32c, crc64nvme } from '../../../acceptance/support/crc.ts'
import type { Sent } from '../wire.ts'
import { expectEqual, expectFile, expectTrue, fileOf, scenario } from './scenario.ts'

/** What newer clients send by themselves: a checksum in a header, or behind an `aws-chunked` body. */
export const checksums = scenario({
  id: 'checksums',
  title: 'checksums',
  needs: ['put', 'get'],
  async run(driver, place) {
    const { reader, bucket, wire } = place
    const at = { bucket, key: 'summed' }
    const { file, bytes } = fileOf(place, 'a', 200_000)
    wire.forget()
    await driver.put({ ...at, file })
    const name = algorithmOf(wire.sent)
    expectTrue(name !== undefined, 'it sent no checksum by itself')
    const stored = await reader.head(at, { 'x-amz-checksum-mode': 'ENABLED' })
    // Of a multipart upload that names no algorithm each part is checked, and nothing is stored.
    const expected = stored?.etag?.includes('-') ? undefined : ALGORITHMS[name!]!(bytes)
    expectEqual(stored?.[`x-amz-checksum-${name}`], expected, `the stored ${name}`)
    const back = join(place.folder, 'back')
    await driver.get({ ...at, file: back })
    expectFile(back, bytes, 'the download')
  },
})

const ALGORITHMS: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  crc32: (bytes) => base64Of(crc32(bytes), 8),
  crc32c: (bytes) => base64Of(crc32c(bytes), 8),
  crc64nvme: (bytes) => base64Of(crc64nvme(bytes), 16),
}

const base64Of = (value: number | bigint, digits: number) => Buffer.from(value.toString(16).padStart(digits, '0'), 'hex').toString('base64')

/** The algorithm of the PUT's checksum, in a header or in the trailer. */
function algorithmOf(sent: readonly Sent[]): string | undefined {
  const names = sent
    .filter(({ method }) => method === 'PUT')
    .flatMap(({ headers }) => [...Object.keys(headers), headers['x-amz-trailer'] ?? ''])
  return Object.keys(ALGORITHMS).find((name) => names.includes(`x-amz-checksum-${name}`))
}
