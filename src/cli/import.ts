import type { ImportReport } from '../core/maintenance.ts'
import type { Step } from '../core/step.ts'
import { type AdminArgs, readAdminArgs, runCommand } from './admin-client.ts'

/** The approximate size of one step. */
const STEP_CHARACTERS = 2 * 1024 * 1024

/**
 * `npm run import -- <bucket> < file`: restores a bucket's metadata into the empty bucket of the same name. If it stops early, run it
 * again.
 */
export async function importBucket({ bucket, jurisdiction, call }: AdminArgs, input: AsyncIterable<string>): Promise<number> {
  if (bucket === undefined) throw new Error('Usage: npm run import -- <bucket> < file')
  let lines = 0
  for await (const text of wholeLines(input)) {
    const { report, next } = await call<Step<number, ImportReport>>('import', { bucket, jurisdiction, text })
    lines = report.lines
    if (next === undefined) {
      console.error(`Imported ${lines} lines. Check the bucket now: npm run fsck -- ${bucket}`)
      return 0
    }
  }
  throw new Error(`The file has no end after ${lines} lines, so it was cut off. Find the whole file and run the import again.`)
}

/** Splits the input at line ends into pieces of about the size of one step. */
export async function* wholeLines(input: AsyncIterable<string>, characters = STEP_CHARACTERS): AsyncGenerator<string> {
  let text = ''
  for await (const piece of input) {
    text += piece
    if (text.length < characters) continue
    const end = text.lastIndexOf('\n') + 1
    if (end === 0) continue
    yield text.slice(0, end)
    text = text.slice(end)
  }
  if (text !== '') yield text
}

export const main = (args: string[]): Promise<void> =>
  runCommand(async () => importBucket(readAdminArgs(args), process.stdin.setEncoding('utf8')))

if (import.meta.main) await main(process.argv.slice(2))
