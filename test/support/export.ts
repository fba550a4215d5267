import { expect } from 'vitest'
import type { ExportCursor } from '../../src/store/maintenance/maintenance-api.ts'
import type { TestBucket } from './bucket.ts'
import { end } from './instance.ts'

type Place = Pick<TestBucket, 'ref' | 'store'>

/**
 * Exports a bucket to the end, and returns the text of each step. `between` runs after every step, in the place of the bucket's other
 * clients.
 */
export async function exportAll({ ref, store }: Place, between?: (step: number) => Promise<unknown>): Promise<string[]> {
  const steps: string[] = []
  for (let cursor: ExportCursor | undefined; ; ) {
    const { report, next } = await store.exportBucket(ref, cursor)
    steps.push(report)
    if (!next) return steps
    cursor = next
    await between?.(steps.length)
  }
}

/** Imports an export, a few lines at a time. */
export async function importAll({ ref, store }: Place, text: string, linesAtOnce = 3): Promise<void> {
  const lines = text.trimEnd().split('\n')
  for (let at = 0; at < lines.length; at += linesAtOnce) {
    const { next } = await store.importBucket(ref, lines.slice(at, at + linesAtOnce).join('\n'))
    if (next === undefined) return
  }
  expect.fail('The import has no end')
}

/** Deletes everything that the Durable Object stores, and creates the bucket again. */
export async function lose(bucket: TestBucket): Promise<void> {
  await bucket.run(async (_, { storage }) => {
    await storage.deleteAlarm()
    await storage.deleteAll()
  })
  await end(bucket)
  await bucket.store.createBucket(bucket.ref, {})
}
