import { expectEqual, expectTrue, fileOf, scenario } from './scenario.ts'

export const buckets = scenario({
  id: 'buckets',
  title: 'buckets',
  needs: ['createBucket', 'deleteBucket'],
  async run(driver, place, client) {
    const { reader } = place
    const bucket = `${place.bucket}-own`
    await driver.createBucket({ bucket })
    try {
      expectTrue(await reader.hasBucket(bucket), 'the created bucket is not there')
      if (driver.listBuckets) {
        const listed = await driver.listBuckets()
        expectEqual(
          [bucket, place.bucket].filter((name) => !listed.includes(name)),
          [],
          'buckets missing from the list',
        )
      }
      if (!client.emptiesBuckets) {
        await reader.write({ bucket, key: 'in-the-way' }, fileOf(place, 'a').bytes)
        const refused = await driver.deleteBucket({ bucket }).then(
          () => false,
          () => true,
        )
        expectTrue(refused && (await reader.hasBucket(bucket)), 'a bucket that is not empty was deleted')
        await reader.send('DELETE', { bucket, key: 'in-the-way' })
      }
      await driver.deleteBucket({ bucket })
      expectTrue(!(await reader.hasBucket(bucket)), 'the deleted bucket is still there')
    } finally {
      await reader.removeBucket(bucket)
    }
  },
})
