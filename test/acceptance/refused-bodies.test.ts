import { once } from 'node:events'
import { connect } from 'node:net'
import { AwsClient } from 'aws4fetch'
import { describe, expect, inject, test } from 'vitest'
import { signedFetch } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { firstStatus, isInstalled, type Refused, SENDERS } from './support/refused/senders.ts'
import { signHeaders, type ToSign } from './support/sigv4.ts'

// A1: a request may be refused before anybody looked at its body. The client sees the status all the same.

const MIB = 1024 * 1024
const SIZES = [5, MIB, 30 * MIB]
const bucket = lentBucket()

interface Place {
  readonly name: string
  readonly status: number
  readonly method?: string
  /** Below the lent bucket, when it does not begin with a slash. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  /** How it is signed; `undefined` leaves it unsigned. */
  readonly sign?: ToSign
}

const STRANGER = 'ab'.repeat(16)

/** Every place that refuses without the body, on every face. */
const PLACES: readonly Place[] = [
  { name: 'no signature', status: 400, target: 'key' },
  { name: 'an unknown access key', status: 401, target: 'key', sign: { accessKeyId: STRANGER } },
  { name: 'a wrong signature', status: 403, target: 'key', sign: { secretAccessKey: 'wrong' } },
  { name: 'a bearer of an unknown token', status: 400, target: 'key', headers: { authorization: 'Bearer unknown' } },
  { name: 'a form that is none', status: 400, method: 'POST', target: '', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
  { name: 'a POST that is no form', status: 412, method: 'POST', target: '', headers: { 'content-type': 'text/plain' } },
  { name: 'a route that is not there', status: 404, method: 'POST', target: '/', sign: {} },
  { name: 'an operation that is not implemented', status: 501, target: 'key?legal-hold', sign: {} },
  { name: 'a header that is screened', status: 501, target: 'key', sign: { headers: { 'x-amz-grant-read': 'a=b' } } },
  { name: 'a bucket that is not there', status: 404, target: '/never-made-bucket/key', sign: {} },
  { name: 'a key that is too long', status: 400, target: 'k'.repeat(1025), sign: {} },
  { name: 'a copy with a body', status: 404, target: 'key', sign: { headers: { 'x-amz-copy-source': '/never-made-bucket/key' } } },
  { name: 'REST without a token', status: 401, target: '/client/v4/accounts/x/r2/buckets/b/objects/k' },
  { name: 'REST, an unknown endpoint', status: 404, target: '/client/v4/nowhere' },
  { name: 'the admin face without a token', status: 401, method: 'POST', target: '/_cairn/fsck' },
  { name: 'a public address', status: 401, target: '/_public/nobody/key' },
]

function requestTo({ method = 'PUT', target: below, headers = {}, sign }: Place, bytes: number): Refused {
  const { host } = new URL(inject('server').endpoint)
  const target = below.startsWith('/') ? below : `/${bucket.name}/${below}`
  if (sign === undefined) return { host, method, target, headers, bytes }
  return {
    host,
    method,
    target,
    headers: signHeaders({ ...sign, method, target, headers: { ...headers, ...sign.headers } }).headers,
    bytes,
  }
}

const cases = () => PLACES.flatMap((place) => SIZES.map((bytes) => ({ place, request: requestTo(place, bytes) })))

describe('A1: every refusal reaches its client, whatever the body', () => {
  for (const { name, tool, send } of SENDERS) {
    test.skipIf(!isInstalled(tool))(`with ${name}`, { timeout: 240_000 }, async () => {
      const all = cases()
      const seen = await send(all.map(({ request }) => request))
      const told = (status: unknown, index: number) => `${all[index]!.place.name}, ${all[index]!.request.bytes} bytes: ${status}`
      expect(seen.map(told)).toEqual(all.map(({ place }, index) => told(place.status, index)))
    })
  }

  test.each(SIZES)('with aws4fetch and a wrong secret, %i bytes', async (bytes) => {
    const { endpoint, accessKeyId } = inject('server')
    const client = new AwsClient({ accessKeyId, secretAccessKey: 'wrong', service: 's3', region: 'auto', retries: 0 })
    const response = await client.fetch(`${endpoint}/${bucket.name}/key`, { method: 'PUT', body: new Uint8Array(bytes) })
    expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('SignatureDoesNotMatch')])
  })

  test('with a body in chunks, without a length', async () => {
    const body = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 30; n++) controller.enqueue(new Uint8Array(MIB))
        controller.close()
      },
    })
    const { endpoint } = inject('server')
    const response = await fetch(`${endpoint}/${bucket.name}/key`, { method: 'PUT', body, duplex: 'half' } as RequestInit)
    expect(response.status).toBe(400)
  })

  test('the connection goes on with the next request', async () => {
    const { host, hostname, port } = new URL(inject('server').endpoint)
    const socket = connect(Number(port), hostname)
    const refused = `PUT /${bucket.name}/key HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${MIB}\r\n\r\n`
    for (let n = 0; n < 2; n++) {
      socket.write(refused)
      socket.write(Buffer.alloc(MIB))
    }
    socket.write(`PUT /${bucket.name}/key HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
    let text = ''
    for await (const piece of socket.setEncoding('latin1')) text += piece
    expect(text.match(/HTTP\/1\.1 400/g)).toHaveLength(3)
  })

  describe('with Expect: 100-continue', () => {
    /** `eager` sends its body at once; the others wait for the go-ahead or for an answer. */
    async function expectContinue(bytes: number, eager: boolean) {
      const { host, hostname, port } = new URL(inject('server').endpoint)
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      socket.write(`PUT /${bucket.name}/key HTTP/1.1\r\nhost: ${host}\r\nexpect: 100-continue\r\ncontent-length: ${bytes}\r\n\r\n`)
      if (!eager) {
        const [first] = (await once(socket, 'data')) as [Buffer]
        const status = Number(first.toString('latin1', 9, 12))
        if (status !== 100) {
          socket.destroy()
          return status
        }
      }
      socket.write(Buffer.alloc(bytes))
      const status = await firstStatus(socket)
      socket.destroy()
      return status
    }

    test.each(SIZES)('and %i bytes', async (bytes) => {
      expect([await expectContinue(bytes, true), await expectContinue(bytes, false)]).toEqual([400, 400])
    })

    test('and so many bytes that nobody reads them in vain: the answer comes before the first', async () => {
      expect(await expectContinue(5 * 1024 * MIB, false)).toBe(400)
    })
  })

  test('and what is accepted is read as ever', async () => {
    expect((await signedFetch('PUT', `/${bucket.name}/key`, { body: new Uint8Array(30 * MIB) })).status).toBe(200)
    expect((await signedFetch('HEAD', `/${bucket.name}/key`)).headers.get('content-length')).toBe(String(30 * MIB))
  })
})
