import { expectBytes, expectEqual, fileOf, scenario } from './scenario.ts'

/** The client signs an upload form, and any program sends it: here one that is none of the clients. */
export const forms = scenario({
  id: 'forms',
  title: 'forms',
  needs: ['presignPost'],
  rare: 'it signs no upload forms',
  async run(driver, place) {
    const { reader, bucket } = place
    const at = { bucket, key: 'forms/ü b.txt' }
    const { bytes } = fileOf(place, 'a', 2_000_000)
    const { url, fields } = await driver.presignPost({ ...at, mostBytes: bytes.length })
    const send = (changes: Record<string, string>, body: Uint8Array) => {
      const form = new FormData()
      for (const [name, value] of Object.entries({ ...fields, ...changes })) form.append(name, value)
      form.append('file', new File([new Uint8Array(body)], 'a.txt', { type: 'text/plain' }))
      return fetch(url, { method: 'POST', body: form })
    }
    const posted = await send({}, bytes)
    expectEqual([posted.status, await posted.text()], [204, ''], 'the form')
    expectBytes(await reader.read(at), bytes, 'the file that the form stored')
    expectEqual((await send({ key: 'other' }, bytes)).status, 403, 'another key than the signed one')
    expectEqual((await send({}, new Uint8Array(bytes.length + 1))).status, 400, 'a file that is larger than the policy allows')
    expectBytes(await reader.read(at), bytes, 'the file after the refusals')
  },
})
