import { createHash } from 'node:crypto'
import { expectBytes, expectRefused, fileOf, scenario } from './scenario.ts'

const REFUSED = /412|PreconditionFailed|pre-?conditions?/i

export const conditions = scenario({
  id: 'conditions',
  title: 'conditions',
  needs: ['put'],
  async run(driver, place) {
    const { reader, bucket } = place
    const at = { bucket, key: 'once' }
    const [first, second] = [fileOf(place, 'a'), fileOf(place, 'b')]
    await driver.put({ ...at, file: first.file, ifNoneMatch: '*' })
    await expectRefused(() => driver.put({ ...at, file: second.file, ifNoneMatch: '*' }), REFUSED, 'the second create')
    expectBytes(await reader.read(at), first.bytes, 'the object after a refused create')
    await expectRefused(
      () => driver.put({ ...at, file: second.file, ifMatch: etagOf(second.bytes) }),
      REFUSED,
      'a change of what it is not',
    )
    await driver.put({ ...at, file: second.file, ifMatch: etagOf(first.bytes) })
    expectBytes(await reader.read(at), second.bytes, 'the object after the change')
  },
})

const etagOf = (bytes: Uint8Array) => `"${createHash('md5').update(bytes).digest('hex')}"`
