import { spawn } from 'node:child_process'
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lockFolder } from '../../src/cli/folder-lock.ts'
import { nodeTooOld } from '../../src/cli/node-version.ts'
import { temporaryFolder } from './temporary-folder.ts'

const folderWith = (lock?: object | string) => {
  const folder = temporaryFolder()
  if (lock !== undefined) writeFileSync(join(folder, 'server.lock'), typeof lock === 'string' ? lock : JSON.stringify(lock))
  return folder
}

describe('the lock of a data folder', () => {
  test('refuses a second server, and is free after its release', () => {
    const folder = folderWith()
    const release = lockFolder(folder)
    expect(() => lockFolder(folder)).toThrow(`The folder ${folder} is in use by another server (process ${process.pid} on ${hostname()}).`)
    release()
    const again = lockFolder(folder)
    release() // A second release must not take the lock from the next server.
    expect(existsSync(join(folder, 'server.lock'))).toBe(true)
    again()
    expect(existsSync(join(folder, 'server.lock'))).toBe(false)
  })

  test('refuses a folder that another process holds, and takes it over when that process was killed', async () => {
    const folder = folderWith()
    const script = `import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, '../../src/cli/folder-lock.ts'))}
      lockFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((done) => child.stdout.once('data', done))
    expect(() => lockFolder(folder)).toThrow(`process ${child.pid} on`)
    child.kill('SIGKILL')
    await new Promise((done) => child.once('exit', done))
    lockFolder(folder)()
  })

  test.each([
    ['whose process id belongs to a later process', { pid: process.pid, began: '1', host: hostname() }],
    ['that was half-written', '{"pid":'],
  ])('takes over a lock %s', (_, lock) => lockFolder(folderWith(lock))())

  test('refuses the fresh lock of another machine, and takes over one that nobody renews', () => {
    const folder = folderWith({ pid: 1, began: '1', host: 'another' })
    expect(() => lockFolder(folder)).toThrow('process 1 on another')
    const old = new Date(Date.now() - 60_000)
    utimesSync(join(folder, 'server.lock'), old, old)
    lockFolder(folder)()
  })
})

test.each([
  ['v20.20.2', 'Cairn needs Node 22.12 or later; this is Node 20.20.2.'],
  ['v22.11.0', 'Cairn needs Node 22.12 or later; this is Node 22.11.0.'],
  ['v22.12.0', undefined],
  ['v24.0.0', undefined],
])('Node %s: %s', (version, sentence) => expect(nodeTooOld(version)).toBe(sentence))

test('the package asks npm for the Node that the sentence names', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } }
  expect(engines.node).toBe('>=22.12.0')
})
