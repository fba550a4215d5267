import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Sent } from '../wire.ts'
import { expectBytes, expectEqual, scenario } from './scenario.ts'

const FILES = ['a.txt', 'b c.txt', 'dir/ü.txt', ...Array.from({ length: 17 }, (_, i) => `dir/deep/${i}.txt`)]

export const sync = scenario({
  id: 'sync',
  title: 'sync twice',
  needs: ['sync'],
  async run(driver, { reader, bucket, folder, wire }) {
    const [source, target] = [join(folder, 'source'), join(folder, 'target')]
    for (const file of FILES) write(source, file, `content of ${file}`)
    mkdirSync(target)
    await driver.sync({ folder: source, bucket, direction: 'up' })
    expectEqual(await reader.keys(bucket), [...FILES].sort(), 'what was uploaded')
    wire.forget()
    await driver.sync({ folder: source, bucket, direction: 'up' })
    expectEqual(
      wire.sent.filter(isUpload).map(({ target }) => target),
      [],
      'what the second run uploaded',
    )
    write(source, 'a.txt', 'changed, and longer than it was before')
    await driver.sync({ folder: source, bucket, direction: 'up' })
    expectEqual(wire.sent.filter(isUpload).length, 1, 'uploads for one changed file')
    expectBytes(await reader.read({ bucket, key: 'a.txt' }), readFileSync(join(source, 'a.txt')), 'the changed file')
    await driver.sync({ folder: target, bucket, direction: 'down' })
    for (const file of FILES) expectBytes(readFileSync(join(target, file)), readFileSync(join(source, file)), file)
    expectEqual(filesOf(target).length, FILES.length, 'files downloaded')
    wire.forget()
    await driver.sync({ folder: target, bucket, direction: 'down' })
    expectEqual(
      wire.sent.filter(isDownload).map(({ target }) => target),
      [],
      'what the second run downloaded',
    )
  },
})

function write(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

const filesOf = (folder: string) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())

const isUpload = ({ method, target }: Sent) =>
  (method === 'PUT' || (method === 'POST' && /[?&]uploads/.test(target))) && pathOf(target).length > 2
const isDownload = ({ method, target }: Sent) => method === 'GET' && pathOf(target).length > 2

/** `''`, the bucket, and what follows. */
const pathOf = (target: string) => target.split('?')[0]!.replace(/\/$/, '').split('/')
