import { type AdminArgs, readAdminArgs, runCommand } from './admin-client.ts'

const USAGE = 'Usage: npm run recover -- <bucket> --at 2026-11-20T12:00:00Z, or --bookmark <bookmark>'

/** `npm run recover`: restores a bucket's metadata as of a time, or as of a bookmark. The bookmark of a recovery undoes it. */
export async function recover({ bucket, jurisdiction, flags, call }: AdminArgs, print: (line: string) => void): Promise<number> {
  const { at, bookmark } = flags
  if (bucket === undefined || (at === undefined) === (bookmark === undefined)) throw new Error(USAGE)
  const to = bookmark === undefined ? { timeMs: timeOf(String(at)) } : { bookmark }
  const { undo } = await call<{ undo: string }>('recover', { bucket, jurisdiction, to })
  print(`The bucket restarts in its earlier state. To undo this: npm run recover -- ${bucket} --bookmark ${undo}`)
  print(`Check it now, without --repair: npm run fsck -- ${bucket}`)
  return 0
}

/** Parses a time. Requires a zone: without one, the text would mean a different moment on each machine. */
function timeOf(text: string): number {
  const timeMs = Date.parse(text)
  if (Number.isNaN(timeMs) || !/(Z|[+-]\d\d:\d\d)$/.test(text)) throw new Error(`"${text}" is not a time with a zone. ${USAGE}`)
  return timeMs
}

const FLAGS = { at: { type: 'string' }, bookmark: { type: 'string' } } as const

export const main = (args: string[]): Promise<void> => runCommand(async () => recover(readAdminArgs(args, FLAGS), console.log))

if (import.meta.main) await main(process.argv.slice(2))
