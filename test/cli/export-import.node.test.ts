import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { AdminCall } from '../../src/cli/admin-client.ts'
import { exportBucket } from '../../src/cli/export.ts'
import { importBucket, wholeLines } from '../../src/cli/import.ts'

const args = (call: unknown, bucket: string | undefined = 'photos') => ({
  bucket,
  jurisdiction: 'default',
  flags: {},
  call: call as AdminCall,
})

test('an export writes every page, in order', async () => {
  const pages = [{ report: 'a\n', next: { page: 1 } }, { report: 'b\n', next: { page: 2 } }, { report: 'c\n' }]
  const asked: unknown[] = []
  const call = async (_: string, body: object) => pages[asked.push(body) - 1]
  const out = new PassThrough({ highWaterMark: 1 })
  const written = text(out)
  expect(await exportBucket(args(call), out)).toBe(0)
  out.end()
  expect(await written).toBe('a\nb\nc\n')
  expect(asked.map((body) => (body as { cursor?: object }).cursor)).toEqual([undefined, { page: 1 }, { page: 2 }])
})

test('an import sends whole lines and ends with the end', async () => {
  const sent: string[] = []
  const call = async (_: string, { text }: { text: string }) => {
    const lines = sent.push(text)
    return { report: { lines }, next: text.includes('end') ? undefined : lines }
  }
  expect(await importBucket(args(call), Readable.from(['he', 'ader\nrow', '\nend\n']))).toBe(0)
  expect(sent.join('')).toBe('header\nrow\nend\n')
})

test('a file that was cut off is told', async () => {
  const call = async () => ({ report: { lines: 7 }, next: 7 })
  await expect(importBucket(args(call), Readable.from(['header\n']))).rejects.toThrow('no end after 7 lines')
})

test('pieces are cut between lines, about as long as a step, and a long line stays whole', async () => {
  const pieces: string[] = []
  for await (const piece of wholeLines(Readable.from(['aa\nbb', 'b\nc', 'cccccccc', 'c\nd']), 5)) pieces.push(piece)
  expect(pieces).toEqual(['aa\n', 'bbb\n', 'cccccccccc\n', 'd'])
})

test('both want a bucket', async () => {
  await expect(exportBucket({ ...args(null), bucket: undefined }, new PassThrough())).rejects.toThrow('Usage')
  await expect(importBucket({ ...args(null), bucket: undefined }, Readable.from([]))).rejects.toThrow('Usage')
})
