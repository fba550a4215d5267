import { expectBytes, expectEqual, fileOf, scenario } from './scenario.ts'

export const tags = scenario({
  id: 'tags',
  title: 'tags',
  needs: ['put', 'setTags', 'getTags'],
  async run(driver, place) {
    const { reader, bucket } = place
    const at = { bucket, key: 'folder/tagged object' }
    const { file, bytes } = fileOf(place, 'a')
    await driver.put({ ...at, file })
    const before = await reader.head(at)
    const first = { colour: 'red', 'cost centre': 'a+b=c/d' }
    await driver.setTags({ ...at, tags: first })
    expectEqual(await driver.getTags(at), first, 'the tags')
    expectEqual((await reader.head(at))?.['x-amz-tagging-count'], '2', 'the number of tags')
    await driver.setTags({ ...at, tags: { only: '' } })
    expectEqual(await driver.getTags(at), { only: '' }, 'the tags that replaced them')
    const after = await reader.head(at)
    for (const name of ['etag', 'last-modified', 'content-type']) expectEqual(after?.[name], before?.[name], name)
    expectBytes(await reader.read(at), bytes, 'the object')
  },
})
