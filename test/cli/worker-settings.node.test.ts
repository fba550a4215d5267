import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ignoredSettings } from '../../src/cli/worker-settings.ts'
import { temporaryFolder } from './temporary-folder.ts'

// A2d: a setting that does nothing is named.

const nowhere = '/nowhere/.dev.vars'

test('settings that count are not spoken of', () => {
  expect(
    ignoredSettings({ vars: ['R2_STRICT=true', 'S3_HOST=s3.test'], devVarsPath: nowhere }, { R2_STRICT: 'true', PATH: '/bin' }),
  ).toEqual([])
})

test('a variable that is none is named, with the one that may have been meant', () => {
  expect(ignoredSettings({ vars: ['R2_STRCIT=true', 'OTHER=1'], devVarsPath: nowhere }, {})).toEqual([
    'R2_STRCIT is no setting of Cairn; R2_STRICT is one.',
    'OTHER is no setting of Cairn.',
  ])
})

test('so is one in the secrets file', () => {
  const path = join(temporaryFolder(), '.dev.vars')
  writeFileSync(path, 'ROOT_TOKEN=x\nR2_STRICT=true\nGARBAGE_SECONDS=1\n')
  expect(ignoredSettings({ vars: [], devVarsPath: path }, {})).toEqual([`GARBAGE_SECONDS in ${path} is no setting of Cairn.`])
})

test('of the environment, slips of the pen are named, and nothing else that is there', () => {
  const env = { R2_STRICTT: 'true', SEGMENTS_BYTES: '1', HOST: 'laptop', HOSTNAME: 'laptop', R2_ACCESS_KEY_ID: 'x', HOME: '/root' }
  expect(ignoredSettings({ vars: [], devVarsPath: nowhere }, env)).toEqual([
    'R2_STRICTT in the environment is no setting of Cairn; R2_STRICT is one.',
    'SEGMENTS_BYTES in the environment is no setting of Cairn; SEGMENT_BYTES is one.',
  ])
})

test('a name in small letters is named, and so is a misspelt variable of the local server', () => {
  const env = { r2_strict: 'true', PERSISTTO: '/data', CAIRN_HSOT: '::1', PORT: '1', PERSIST_TO: '/data', DEV_VARS: 'x', CAIRN_VARS: '' }
  expect(ignoredSettings({ vars: ['PERSISTTO=/data'], devVarsPath: nowhere }, env)).toEqual([
    'PERSISTTO is no setting of Cairn.',
    'r2_strict in the environment is no setting of Cairn; R2_STRICT is one.',
    'PERSISTTO in the environment is no setting of Cairn; PERSIST_TO is one.',
    'CAIRN_HSOT in the environment is no setting of Cairn; CAIRN_HOST is one.',
  ])
})

test('a secret in the environment is said to be ignored, and not printed', () => {
  expect(ignoredSettings({ vars: [], devVarsPath: nowhere }, { ROOT_TOKEN: 'hush' })).toEqual([
    `ROOT_TOKEN in the environment is ignored: secrets are read from ${nowhere}.`,
  ])
})

test('Miniflare is the one that wrangler ships: both read the same data folder', () => {
  const require = createRequire(import.meta.url)
  const { dependencies } = require('wrangler/package.json')
  const { dependencies: own } = require('../../package.json')
  expect(own.miniflare).toBe(dependencies.miniflare)
})
