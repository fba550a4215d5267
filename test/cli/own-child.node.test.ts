import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { watchingChild } from '../../src/cli/own-child.ts'

const MODULE = join(import.meta.dirname, '../../src/cli/own-child.ts')

/** Starts a process that waits, after others had time to start theirs. */
async function sleeper(): Promise<ChildProcess> {
  await after(5)
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  await after(20)
  return child
}

test('each start finds its own process, beside other starts and other processes', async () => {
  const [one, two, other] = await Promise.all([watchingChild(sleeper), watchingChild(sleeper), sleeper()])
  try {
    expect(one.child.current).toBe(one.value)
    expect(two.child.current).toBe(two.value)
  } finally {
    for (const child of [one.value, two.value, other]) child.kill('SIGKILL')
    one.child.forget()
    two.child.forget()
  }
})

test.skipIf(process.platform === 'win32')('a process that is killed takes its child along', { timeout: 30_000 }, async () => {
  const script = `
    import { spawn } from 'node:child_process'
    import { once } from 'node:events'
    import { watchingChild } from ${JSON.stringify(MODULE)}
    const { value } = await watchingChild(async () => {
      const child = spawn('sleep', ['60'])
      await once(child, 'spawn')
      return child
    })
    console.log(value.pid)
    setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(parent.stdout, 'data')
  const pid = Number(String(line))
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  for (let tries = 0; isAlive(pid) && tries < 200; tries++) await after(50)
  expect(isAlive(pid)).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
