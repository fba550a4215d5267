import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { type AdminArgs, readAdminArgs, runCommand } from './admin-client.ts'

interface Page {
  readonly text: string
  readonly cursor?: object
}

/** `npm run -s export -- <bucket> > file`: a bucket's metadata as JSON lines. */
export async function exportBucket({ bucket, jurisdiction, call }: AdminArgs, out: Writable): Promise<number> {
  if (bucket === undefined) throw new Error('Usage: npm run -s export -- <bucket> > file')
  for (let cursor: object | undefined; ; ) {
    const page = await call<Page>('export', { bucket, jurisdiction, cursor })
    if (!out.write(page.text)) await once(out, 'drain')
    if (!page.cursor) return 0
    cursor = page.cursor
  }
}

if (import.meta.main) await runCommand(async () => exportBucket(readAdminArgs(process.argv.slice(2)), process.stdout))
