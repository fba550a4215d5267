import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { endpointOf, knownEndpoint, noteEndpoint } from '../../src/cli/endpoint.ts'
import { readSettings } from '../../src/cli/settings.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('defaults are the local interface, .wrangler/state and .dev.vars', () => {
  expect(readSettings([], {})).toEqual({
    port: undefined,
    host: '127.0.0.1',
    persistTo: resolve('.wrangler/state'),
    devVarsPath: resolve('.dev.vars'),
    vars: [],
    beside: [],
  })
})

test('a flag wins over its environment variable', () => {
  expect(readSettings(['--port', '9000'], { PORT: '8000' }).port).toBe(9000)
  expect(readSettings(['--host', '0.0.0.0'], { CAIRN_HOST: '127.0.0.2' }).host).toBe('0.0.0.0')
})

test('worker variables come from CAIRN_VARS and --var', () => {
  expect(readSettings(['--var', 'C=3'], { CAIRN_VARS: 'A=1 B=2' }).vars).toEqual(['A=1', 'B=2', 'C=3'])
})

test('settings of the Worker come from the environment, and lose to what is said closer to the command', () => {
  const env = { R2_STRICT: 'true', GARBAGE_GRACE_SECONDS: '5', CAIRN_VARS: 'R2_STRICT=false', ROOT_TOKEN: 'secret', PATH: '/bin' }
  expect(readSettings(['--var', 'S3_HOST=s3.test'], env).vars).toEqual([
    'R2_STRICT=true',
    'GARBAGE_GRACE_SECONDS=5',
    'R2_STRICT=false',
    'S3_HOST=s3.test',
  ])
})

test('other Workers run beside it when they are named', () => {
  expect(readSettings(['--with', 'a/wrangler.jsonc', '--with', 'b.jsonc'], {}).beside).toEqual([
    resolve('a/wrangler.jsonc'),
    resolve('b.jsonc'),
  ])
})

test.each(['http', '-1', '65536', '8787.5'])('the port %s is refused', (PORT) => {
  expect(() => readSettings([], { PORT })).toThrow('is not a port')
})

test.each([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
  ['localhost', 'http://localhost:80'],
])('a server on %s is reached at %s', (host, endpoint) => {
  expect(endpointOf(host, 80)).toBe(endpoint)
})

test('the endpoint is the chosen port, else that of the last start, else the default', () => {
  const PERSIST_TO = temporaryFolder()
  expect(knownEndpoint(readSettings([], { PERSIST_TO }))).toBe('http://127.0.0.1:8787')
  noteEndpoint(PERSIST_TO, 'http://127.0.0.1:4321')
  expect(knownEndpoint(readSettings([], { PERSIST_TO }))).toBe('http://127.0.0.1:4321')
  expect(knownEndpoint(readSettings([], { PERSIST_TO, PORT: '0' }))).toBe('http://127.0.0.1:4321')
  expect(knownEndpoint(readSettings([], { PERSIST_TO, PORT: '9000' }))).toBe('http://127.0.0.1:9000')
})
