import { expectEqual, expectTrue, scenario } from './scenario.ts'

const COUNT = 2500
const PAGE = 1000

export const many = scenario({
  id: 'many',
  title: '2,500 objects',
  needs: ['list', 'deleteAll'],
  async run(driver, { reader, bucket, wire }) {
    const names = Array.from({ length: COUNT }, (_, i) => `many/${i % 7}/${String(i).padStart(5, '0')} ü.txt`)
    await reader.writeMany(bucket, names, (key) => Buffer.from(key))
    wire.forget()
    expectEqual((await driver.list({ bucket })).sort(), [...names].sort(), 'the list')
    const pages = wire.sent.filter(({ method, target }) => method === 'GET' && new URL(target, 'http://h').pathname.split('/').length <= 3)
    expectTrue(pages.length >= COUNT / PAGE, `it took ${pages.length} pages`)
    await driver.deleteAll({ bucket })
    expectEqual((await reader.keys(bucket)).length, 0, 'objects left after the delete')
  },
})
