import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bytesText, type MigrationProgress, progressLine, summary } from '../../src/cli/migration-progress.ts'
import { readSource } from '../../src/cli/migration-source.ts'
import { temporaryFolder } from './temporary-folder.ts'

const ENV = { SOURCE_ACCESS_KEY_ID: 'id', SOURCE_SECRET_ACCESS_KEY: 'secret' }
const SECRET = { accessKeyId: 'id', secretAccessKey: 'secret' }

test.each([
  ['s3://old', {}, { vendor: 's3', bucket: 'old' }],
  [
    's3://old/photos/2024/',
    { 'source-region': 'eu-west-1' },
    { vendor: 's3', bucket: 'old', region: 'eu-west-1', pathPrefix: 'photos/2024/' },
  ],
  ['s3://old', { 'source-endpoint': 'http://127.0.0.1:9000' }, { vendor: 's3', bucket: 'old', endpoint: 'http://127.0.0.1:9000' }],
  ['r2://old/a', { 'source-account': 'f'.repeat(32) }, { vendor: 'r2', bucket: 'old', accountId: 'f'.repeat(32), pathPrefix: 'a' }],
])('%s with %o is a source', (from, flags, expected) => {
  expect(JSON.parse(JSON.stringify(readSource({ from, ...flags }, ENV)))).toEqual({ ...expected, secret: SECRET })
})

test('a service account comes from its key file, and keys from a file with one a line', () => {
  const folder = temporaryFolder()
  const file = join(folder, 'key.json')
  writeFileSync(file, JSON.stringify({ client_email: 'me@project', private_key: 'PEM' }))
  const keys = join(folder, 'keys.txt')
  writeFileSync(keys, 'a b\r\nc/d\n\n')
  expect(readSource({ from: 'gs://old', keys }, { GOOGLE_APPLICATION_CREDENTIALS: file })).toEqual({
    vendor: 'gcs',
    bucket: 'old',
    secret: { clientEmail: 'me@project', privateKey: 'PEM' },
    keys: ['a b', 'c/d'],
  })
})

test.each([
  [{}, ENV, '--from s3://'],
  [{ from: 'http://old' }, ENV, '--from s3://'],
  [{ from: 's3://old' }, {}, 'SOURCE_ACCESS_KEY_ID'],
  [{ from: 'gs://old' }, {}, 'GOOGLE_APPLICATION_CREDENTIALS'],
])('%o without %o is refused with a sentence', (flags, env, message) => {
  expect(() => readSource(flags, env)).toThrow(message)
})

const PROGRESS: MigrationProgress = {
  status: 'running',
  objects: 8,
  transferredObjects: 2,
  skippedObjects: 1,
  failedObjects: 1,
  bytes: 3 * 1024 * 1024,
  transferredBytes: 1536 * 1024,
}

test('the line of progress has a bar, objects, bytes and the rate', () => {
  expect(progressLine(PROGRESS, 2)).toBe('[############............] 4 of 8 objects, 1.5 MiB of 3.0 MiB, 768.0 KiB/s, 1 failed')
  expect(progressLine({ ...PROGRESS, objects: 0, transferredObjects: 0, skippedObjects: 0, failedObjects: 0 }, 0)).toContain(
    '0 of 0 objects',
  )
  expect([0, 1023, 1024, 5 * 1024 ** 4].map(bytesText)).toEqual(['0 B', '1023 B', '1.0 KiB', '5.0 TiB'])
})

test('the summary names what was not copied and says how to copy it again', () => {
  const log = [
    { logType: 'migrationStart', objectKey: null, message: 'Started.' },
    { logType: 'importErrorRetryExhaustion', objectKey: 'a', message: 'Failed to import object: no' },
  ]
  expect(summary('j1', { ...PROGRESS, status: 'completed' }, log, 3)).toEqual([
    'The job j1 is completed.',
    '2 transferred (1.5 MiB), 1 skipped, 1 failed, in 3 s.',
    '  a: Failed to import object: no',
    'Copy the failed objects again: the same command with --failed-of j1',
  ])
})

test('keys and messages of a foreign store give the terminal no commands', () => {
  const log = [{ logType: 'importErrorRetryExhaustion', objectKey: 'a\u001b]0;owned\u0007b\n\u202ec', message: 'x\ry\u2028z' }]
  const text = summary('j1', { ...PROGRESS, status: 'aborted', message: 'bad\u001b[2J' }, log, 3).join('')
  expect(text).not.toMatch(/[\p{Cc}\u2028\u202e]/u)
  expect(text).toContain('owned')
})
