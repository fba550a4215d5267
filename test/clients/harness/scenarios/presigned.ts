import { expectBytes, expectEqual, expectTrue, fileOf, scenario } from './scenario.ts'

export const presigned = scenario({
  id: 'presigned',
  title: 'presigned',
  needs: ['presign'],
  async run(driver, place, client) {
    const { reader, bucket } = place
    const at = { bucket, key: 'a b+c/ü.txt' }
    const { bytes } = fileOf(place, 'a')
    await reader.write(at, bytes)
    const url = await driver.presign({ ...at, method: 'GET' })
    const got = await fetch(url)
    expectEqual(got.status, 200, 'the status of the presigned GET')
    expectBytes(Buffer.from(await got.arrayBuffer()), bytes, 'the presigned GET')
    expectEqual((await fetch(url.replace(/(Signature=)./, '$1_'))).status, 403, 'the status of a forged one')
    if (client.presigns && !client.presigns.includes('PUT')) return
    const body = fileOf(place, 'b').bytes
    const put = await fetch(await driver.presign({ ...at, method: 'PUT' }), { method: 'PUT', body: new Uint8Array(body) })
    expectTrue(put.ok, `the presigned PUT: ${put.status} ${await put.text()}`)
    expectBytes(await reader.read(at), body, 'what the presigned PUT wrote')
  },
})
