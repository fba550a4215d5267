import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { type AdminArgs, readAdminArgs, reportsOf, runCommand } from './admin-client.ts'

/** `npm run -s export -- <bucket> > file`: writes a bucket's metadata as JSON lines. */
export async function exportBucket({ bucket, jurisdiction, call }: AdminArgs, out: Writable): Promise<number> {
  if (bucket === undefined) throw new Error('Usage: npm run -s export -- <bucket> > file')
  for await (const text of reportsOf<string>(call, 'export', { bucket, jurisdiction })) {
    if (!out.write(text)) await once(out, 'drain')
  }
  return 0
}

export const main = (args: string[]): Promise<void> => runCommand(async () => exportBucket(readAdminArgs(args), process.stdout))

if (import.meta.main) await main(process.argv.slice(2))
