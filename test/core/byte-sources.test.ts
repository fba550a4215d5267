import { describe, expect, test } from 'vitest'
import { byteSource } from '../../src/core/byte-sources.ts'

const numbered = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251)

function values(chunks: readonly Uint8Array[], failure?: Error): ReadableStream<Uint8Array> {
  const left = [...chunks]
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = left.shift()
      if (next) controller.enqueue(next)
      else if (failure) controller.error(failure)
      else controller.close()
    },
  })
}

function bytes(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  const write = async () => {
    for (const chunk of chunks) await writer.write(chunk)
    await writer.close()
  }
  write().catch(() => {})
  return readable
}

const pieces = [numbered(3), numbered(0), numbered(70_000), numbered(1)]
const whole = Buffer.concat(pieces)

describe.each([
  ['a stream of bytes', () => bytes(pieces.filter((piece) => piece.length > 0))],
  ['a stream of values', () => values(pieces)],
  ['a response body', () => new Response(whole).body],
])('%s', (_, make) => {
  test.each([1000, 65_536, 70_004, 1_000_000])('is read in pieces of exactly %d bytes but the last', async (size) => {
    const source = byteSource(make())
    for (let at = 0; at < whole.length; at += size) {
      const piece = await source.read(size)
      expect(Buffer.compare(piece, whole.subarray(at, at + size))).toBe(0)
    }
    expect(await source.read(size)).toHaveLength(0)
    expect(await source.read(size)).toHaveLength(0)
  })

  test('can be asked for nothing, and cancelled in the middle', async () => {
    const source = byteSource(make())
    expect(await source.read(0)).toHaveLength(0)
    expect(await source.read(5)).toHaveLength(5)
    await expect(source.cancel()).resolves.toBeUndefined()
  })
})

test('no body is an empty source', async () => {
  const source = byteSource(null)
  expect(await source.read(10)).toHaveLength(0)
  await source.cancel()
})

test('a body of values that breaks off is incomplete', async () => {
  const source = byteSource(values([numbered(10)], new Error('Network connection lost.')))
  expect(await source.read(4)).toHaveLength(4)
  await expect(source.read(100)).rejects.toMatchObject({ name: 'StoreError', code: 'IncompleteBody' })
  await expect(source.cancel()).resolves.toBeUndefined()
})

test('a body of bytes that breaks off is incomplete', async () => {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  writer.write(numbered(10)).catch(() => {})
  const source = byteSource(readable)
  expect(await source.read(4)).toHaveLength(4)
  const rest = source.read(100)
  writer.abort(new Error('gone')).catch(() => {})
  await expect(rest).rejects.toMatchObject({ name: 'StoreError', code: 'IncompleteBody' })
})
