import { expect, test } from 'vitest'
import { finishBody } from '../../src/http/request-body.ts'

// The rest of a refused body is read before the response. Strangers choose how many such bodies there are at once, and how slow they are.

const MIB = 1024 * 1024

/** Requests whose bodies are announced and never come; `bytes` is the memory that their readers wait with. */
function stalledRequests(count: number) {
  const seen = { bytes: 0, reads: 0 }
  const controllers: ReadableByteStreamController[] = []
  const requests = Array.from({ length: count }, () => {
    const body = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        const { view } = controller.byobRequest ?? {}
        seen.bytes += view?.byteLength ?? 0
        seen.reads++
        controllers.push(controller)
        return new Promise(() => {})
      },
    })
    return new Request('http://localhost/', { method: 'PUT', body, headers: { 'content-length': String(MIB) } })
  })
  const end = () => {
    for (const controller of controllers) controller.error(new Error('Network connection lost.'))
  }
  return { seen, requests, end }
}

test('memory for bodies that nobody wants is bounded, however many are announced and do not come', async () => {
  const { seen, requests, end } = stalledRequests(1000)
  const finished = requests.map((request) => finishBody(request))
  await scheduler.wait(50)
  expect(seen.reads).toBeGreaterThan(100)
  expect(seen.bytes).toBeGreaterThan(0)
  expect(seen.bytes).toBeLessThanOrEqual(16 * MIB)
  end()
  await Promise.all(finished)
})

test('and is free again when they ended', async () => {
  for (let round = 0; round < 3; round++) {
    const { seen, requests, end } = stalledRequests(300)
    const finished = requests.map((request) => finishBody(request))
    await scheduler.wait(50)
    expect(seen.reads).toBe(300)
    end()
    await Promise.all(finished)
  }
})
