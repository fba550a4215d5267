import { type AdminArgs, type AdminCall, allBuckets, readAdminArgs, runCommand } from './admin-client.ts'

interface Step {
  readonly checked: number
  readonly rewrapped: number
  readonly findings: readonly { readonly at: { readonly blobId: string; readonly keyId: string } }[]
  readonly after?: string
}

interface TokenStep {
  readonly resealed: number
  readonly lost: readonly string[]
  readonly keyId: string
  readonly after?: string
}

/**
 * `npm run rotate`: wraps every data key of every bucket, and seals the secrets of all API tokens, with the present master key; or,
 * with a bucket, the data keys of that one. Exit code 1 when something opens with none of the configured master keys.
 */
export async function rotate({ bucket, jurisdiction, call }: AdminArgs, print: (line: string) => void): Promise<number> {
  if (bucket !== undefined) return (await rotateBucket(call, { bucket, jurisdiction }, print)) === 0 ? 0 : 1
  let lost = await rotateTokens(call, print)
  for await (const each of allBuckets(call)) lost += await rotateBucket(call, each, print)
  print(lost === 0 ? 'Everything is under the present master key.' : `${lost} keys open with none of the configured master keys.`)
  return lost === 0 ? 0 : 1
}

/** Returns how many are lost. */
async function rotateBucket(call: AdminCall, at: { bucket: string; jurisdiction: string }, print: (line: string) => void): Promise<number> {
  let [checked, rewrapped, lost] = [0, 0, 0]
  for (let after: string | undefined; ; ) {
    const step = await call<Step>('rotate', { ...at, after })
    for (const { at: where } of step.findings) print(`lost blobId=${where.blobId} keyId=${where.keyId}`)
    checked += step.checked
    rewrapped += step.rewrapped
    lost += step.findings.length
    after = step.after
    if (after === undefined) break
  }
  print(`${at.bucket}: ${rewrapped} of ${checked} keys rewrapped.`)
  return lost
}

async function rotateTokens(call: AdminCall, print: (line: string) => void): Promise<number> {
  let [resealed, lost] = [0, 0]
  for (let after: string | undefined; ; ) {
    const step = await call<TokenStep>('rotate-tokens', { after })
    for (const id of step.lost) print(`lost token=${id}`)
    resealed += step.resealed
    lost += step.lost.length
    after = step.after
    if (after !== undefined) continue
    print(`API tokens: ${resealed} resealed. The present master key is ${step.keyId}.`)
    return lost
  }
}

if (import.meta.main) await runCommand(async () => rotate(readAdminArgs(process.argv.slice(2)), console.log))
