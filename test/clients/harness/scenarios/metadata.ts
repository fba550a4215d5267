import type { ObjectHeaders } from '../client.ts'
import { expectEqual, fileOf, scenario } from './scenario.ts'

const HEADERS: Required<ObjectHeaders> = {
  contentType: 'text/x-cairn; charset=utf-8',
  cacheControl: 'private, max-age=60',
  contentDisposition: 'attachment; filename="a b.txt"',
  contentLanguage: 'de, en',
  metadata: { color: 'dark blue', 'two-words': 'a=b; c' },
}

export const metadata = scenario({
  id: 'metadata',
  title: 'metadata',
  needs: ['put', 'head'],
  async run(driver, place) {
    const { reader, bucket } = place
    const at = { bucket, key: 'described' }
    const { file, bytes } = fileOf(place, 'a')
    await driver.put({ ...at, file, headers: HEADERS })
    const seen = (await reader.head(at)) ?? {}
    expectEqual(
      {
        contentType: seen['content-type'],
        cacheControl: seen['cache-control'],
        contentDisposition: seen['content-disposition'],
        contentLanguage: seen['content-language'],
        metadata: { color: seen['x-amz-meta-color'], 'two-words': seen['x-amz-meta-two-words'] },
      },
      HEADERS,
      'what the server has',
    )
    const { size, ...told } = await driver.head(at)
    expectEqual(size, bytes.length, 'the size that the client tells')
    const expected = Object.fromEntries(Object.entries(HEADERS).filter(([name]) => name in told))
    expectEqual(
      { contentType: told.contentType, metadata: told.metadata, ...told },
      { ...pick(HEADERS), ...expected },
      'what the client tells',
    )
  },
})

const pick = ({ contentType, metadata }: Required<ObjectHeaders>) => ({ contentType, metadata })
