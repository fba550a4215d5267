import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const CAIRN = join(import.meta.dirname, '../../src/cli/cairn.ts')
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', CAIRN, ...args], { encoding: 'utf8' })

test.each([
  [['credentials', '--port'], "Option '--port <value>' argument missing"],
  [['credentials', '--prot', '1'], "Unknown option '--prot'"],
])('%j is answered with a sentence, not with a stack', (args, sentence) => {
  const { status, stderr } = run(...args)
  expect(status).toBe(2)
  expect(stderr).toContain(sentence)
  expect(stderr).toContain('npx cairn credentials --help has its options.')
  expect(stderr).not.toContain('    at ')
})
