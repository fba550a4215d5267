import { describe, expect, test } from 'vitest'
import { finishBody, requestSource } from '../../src/http/request-body.ts'

const MIB = 1024 * 1024
const BOUND = 128 * MIB

/** A request whose body is pulled from pieces; `pulled` counts the bytes that were asked for. */
function requestOf(pieces: Iterable<Uint8Array>, headers: Record<string, string> = {}) {
  const seen = { bytes: 0, ended: false }
  const rest = pieces[Symbol.iterator]()
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = rest.next()
        if (done) {
          seen.ended = true
          return controller.close()
        }
        seen.bytes += value.length
        controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
  return { seen, request: new Request('http://localhost/', { method: 'PUT', body, headers }) }
}

function* pieces(count: number, bytes: number): Generator<Uint8Array> {
  for (let n = 0; n < count; n++) yield new Uint8Array(bytes)
}

describe('the body of a request that was answered', () => {
  test('is read to its end when nobody opened it', async () => {
    const { request, seen } = requestOf(pieces(30, MIB))
    await finishBody(request)
    expect(seen).toEqual({ bytes: 30 * MIB, ended: true })
  })

  test('is read to its end when its reader stopped or let go of it', async () => {
    const { request, seen } = requestOf([new Uint8Array(70_000), new Uint8Array(300_000)])
    const source = requestSource(request)
    await source.read(10)
    await source.cancel()
    expect(seen.ended).toBe(false)
    await finishBody(request)
    expect(seen).toEqual({ bytes: 370_000, ended: true })
  })

  test('is not asked for more than was announced, once that came', async () => {
    const { request, seen } = requestOf(pieces(3, 100), { 'content-length': '200' })
    await requestSource(request).read(200)
    await finishBody(request)
    expect(seen.bytes).toBe(200)
  })

  test('is read up to a bound when it announces no length', async () => {
    const { request, seen } = requestOf(pieces(1000, MIB))
    await finishBody(request)
    expect(seen.bytes).toBe(BOUND)
  })

  test('is left alone when it announces more than the bound', async () => {
    const { request, seen } = requestOf(pieces(1000, MIB), { 'content-length': String(1000 * MIB) })
    await finishBody(request)
    expect(seen.bytes).toBe(0)
  })

  test('may break off, also in a read that is under way', async () => {
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('Network connection lost.')) })
    const request = new Request('http://localhost/', { method: 'PUT', body })
    const reading = requestSource(request).read(100)
    await expect(Promise.all([reading.catch((error) => error.code), finishBody(request)])).resolves.toEqual(['IncompleteBody', undefined])
  })

  test('may be absent, or in the hands of somebody else', async () => {
    await expect(finishBody(new Request('http://localhost/'))).resolves.toBeUndefined()
    const { request } = requestOf(pieces(1, 1))
    request.body!.getReader()
    await expect(finishBody(request)).resolves.toBeUndefined()
  })
})

test('a request has one source, whoever asks for it', async () => {
  const { request } = requestOf([new Uint8Array([1, 2, 3])])
  expect([...(await requestSource(request).read(2))]).toEqual([1, 2])
  expect([...(await requestSource(request).read(2))]).toEqual([3])
})
