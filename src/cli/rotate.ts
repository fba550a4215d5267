import type { RotationReport, TokenRotationReport } from '../core/maintenance.ts'
import { type AdminArgs, type AdminCall, allBuckets, type BucketAt, readAdminArgs, reportsOf, runCommand } from './admin-client.ts'

/**
 * `npm run rotate`: wraps every data key of every bucket, and seals the secrets of all API tokens, with the present master key. With a
 * bucket, it wraps the data keys of that bucket only. Exit code 1 when some key opens with none of the configured master keys.
 */
export async function rotate({ bucket, jurisdiction, call }: AdminArgs, print: (line: string) => void): Promise<number> {
  if (bucket !== undefined) return (await rotateBucket(call, { bucket, jurisdiction }, print)) === 0 ? 0 : 1
  let lost = (await rotateTokens(call, print)) + (await rotateJobs(call, print))
  for await (const each of allBuckets(call)) lost += await rotateBucket(call, each, print)
  print(lost === 0 ? 'Everything is under the present master key.' : `${lost} keys open with none of the configured master keys.`)
  return lost === 0 ? 0 : 1
}

/** Returns the number of lost keys: keys that open with none of the configured master keys. */
async function rotateBucket(call: AdminCall, at: BucketAt, print: (line: string) => void): Promise<number> {
  let [checked, rewrapped, lost] = [0, 0, 0]
  for await (const report of reportsOf<RotationReport>(call, 'rotate', at)) {
    for (const { at: where } of report.findings) print(`lost blobId=${where.blobId} keyId=${where.keyId}`)
    checked += report.checked
    rewrapped += report.rewrapped
    lost += report.findings.length
  }
  print(`${at.bucket}: ${rewrapped} of ${checked} keys rewrapped.`)
  return lost
}

async function rotateTokens(call: AdminCall, print: (line: string) => void): Promise<number> {
  let [resealed, lost, keyId] = [0, 0, '']
  for await (const report of reportsOf<TokenRotationReport & { readonly keyId: string }>(call, 'rotate-tokens', {})) {
    for (const id of report.lost) print(`lost token=${id}`)
    resealed += report.resealed
    lost += report.lost.length
    keyId = report.keyId
  }
  print(`API tokens: ${resealed} resealed. The present master key is ${keyId}.`)
  return lost
}

/** The credentials of sources that running migrations read from. */
async function rotateJobs(call: AdminCall, print: (line: string) => void): Promise<number> {
  let lost = 0
  for await (const report of reportsOf<TokenRotationReport>(call, 'rotate-jobs', {})) {
    for (const id of report.lost) print(`lost job=${id}`)
    if (report.checked > 0) print(`Jobs: ${report.resealed} of ${report.checked} resealed.`)
    lost += report.lost.length
  }
  return lost
}

export const main = (args: string[]): Promise<void> => runCommand(async () => rotate(readAdminArgs(args), console.log))

if (import.meta.main) await main(process.argv.slice(2))
