import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { stopTogether } from './lifetime.ts'
import { FROM_SOURCE, ROOT } from './wrangler.ts'

/** `npx cairn bench`: the bench is a program of its own, which this process runs. */
export async function main(args: string[]): Promise<void> {
  const script = FROM_SOURCE ? join(ROOT, 'bench/main.ts') : join(ROOT, 'dist/bench/main.js')
  const bench = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], { stdio: 'inherit' })
  stopTogether(bench)
  await once(bench, 'exit')
}
