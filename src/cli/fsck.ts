import type { Finding, Problem } from '../core/finding.ts'
import type { FsckReport } from '../core/maintenance.ts'
import { type AdminArgs, type AdminCall, allBuckets, type BucketAt, readAdminArgs, reportsOf, runCommand } from './admin-client.ts'

/** Problems of a blob that make its objects unreadable. */
const DAMAGES: readonly Problem[] = ['missing-segment', 'wrong-segment-length', 'damaged-segment', 'undecryptable-key', 'wrong-size']
const BLOB_IDS = 1000
const USAGE = 'Usage: npm run fsck -- <bucket> | --all | --gone <bucket> [--repair] [--deep] [--old-labels]'
/** The things that a phase checks, for phases whose name sounds like a finding. */
const LOOKED_AT: Readonly<Record<string, string>> = { orphans: 'stored segments' }

interface Output {
  readonly print: (line: string) => void
  readonly progress: (line: string) => void
}

/**
 * `npm run fsck -- <bucket> [--repair] [--deep]` checks one bucket. `--all` checks every bucket and the segments of deleted buckets.
 * `--gone <bucket>` checks the segments of one bucket that the operator knows to be deleted.
 * Exit code 0: no problem, or all repaired. Exit code 1: some problems remain.
 */
export async function fsck({ bucket, jurisdiction, flags, call }: AdminArgs, output: Output): Promise<number> {
  if ([bucket, flags.all, flags.gone].filter((chosen) => chosen !== undefined && chosen !== false).length !== 1) throw new Error(USAGE)
  const repair = flags.repair === true
  const oldLabels = flags['old-labels'] === true ? { oldLabels: true } : {}
  const check = (operation: string, body: object) => checkAll(call, { operation, body: { ...body, repair, ...oldLabels } }, output)
  const findings: Finding[] = []
  const checkBucket = async (at: BucketAt, options = {}) => {
    const found = await check('fsck', { ...at, ...(flags.deep === true && { deep: true }), ...options })
    await printKeys(call, at, { found, print: output.print })
    findings.push(...found)
  }
  if (bucket !== undefined) await checkBucket({ bucket, jurisdiction })
  else if (flags.gone) findings.push(...(await check('fsck-orphans', { gone: { bucket: flags.gone, jurisdiction } })))
  else {
    for await (const each of allBuckets(call)) {
      output.progress(`${each.bucket}:`)
      await checkBucket(each, { skipOrphans: true })
    }
    findings.push(...(await check('fsck-orphans', {})))
  }
  const left = findings.filter(({ repaired }) => !repaired).length
  output.progress(verdict(findings.length, left, repair))
  return left === 0 ? 0 : 1
}

/** Prints what a damaged blob costs: the keys of the objects that use it. */
async function printKeys(
  call: AdminCall,
  at: BucketAt,
  { found, print }: { found: readonly Finding[]; print: Output['print'] },
): Promise<void> {
  const damaged = found.filter(({ problem }) => DAMAGES.includes(problem)).flatMap(({ at: { blobId } }) => (blobId ? [String(blobId)] : []))
  const blobIds = [...new Set(damaged)]
  for (let from = 0; from < blobIds.length; from += BLOB_IDS) {
    const wanted = { ...at, blobIds: blobIds.slice(from, from + BLOB_IDS) }
    for await (const keys of reportsOf<readonly string[]>(call, 'keys-of', wanted)) {
      for (const key of keys) print(`damaged key=${JSON.stringify(key)}`)
    }
  }
}

/** Runs all steps. Prints each finding at once, because the check of a large bucket takes long. */
async function checkAll(
  call: AdminCall,
  { operation, body }: { operation: string; body: object },
  { print, progress }: Output,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const checked = new Map<string, number>()
  const strangers = new Map<string, number>()
  let databases: FsckReport['databases'] = []
  for await (const report of reportsOf<FsckReport>(call, operation, body)) {
    for (const finding of report.findings) print(lineOf(finding))
    findings.push(...report.findings)
    checked.set(report.phase, (checked.get(report.phase) ?? 0) + report.checked)
    for (const [id, count] of Object.entries(report.strangers ?? {})) strangers.set(id, (strangers.get(id) ?? 0) + count)
    databases = report.databases ?? databases
  }
  progress(`Checked ${[...checked].map(([phase, count]) => `${LOOKED_AT[phase] ?? phase} ${count}`).join(', ')}.`)
  for (const [id, count] of strangers) progress(`Left alone: ${count} segments of the deployment ${id}, which shares this one's stores.`)
  for (const { tier, bytes, maxBytes } of databases) progress(`Segment database ${tier}: ${Math.round((100 * bytes) / maxBytes)} % full.`)
  return findings
}

/** Formats a finding as one line, for grep. Prints the key as JSON, because a key may contain any character. */
function lineOf({ problem, at, repaired }: Finding): string {
  const place = Object.entries(at).map(([name, value]) => `${name}=${name === 'key' ? JSON.stringify(value) : value}`)
  return [repaired ? 'repaired' : 'found', problem, ...place].join(' ')
}

function verdict(found: number, left: number, repair: boolean): string {
  if (found === 0) return 'Sound.'
  if (left === 0) return `${found} problems, all repaired.`
  return repair
    ? `${found} problems, of which ${left} cannot be repaired.`
    : `${found} problems. Use --repair to repair those that can be repaired.`
}

const FLAGS = {
  repair: { type: 'boolean' },
  deep: { type: 'boolean' },
  all: { type: 'boolean' },
  gone: { type: 'string' },
  'old-labels': { type: 'boolean' },
} as const

export const main = (args: string[]): Promise<void> =>
  runCommand(async () => fsck(readAdminArgs(args, FLAGS), { print: console.log, progress: console.error }))

if (import.meta.main) await main(process.argv.slice(2))
