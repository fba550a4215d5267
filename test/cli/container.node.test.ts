import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'

const ENTRYPOINT = 'container/entrypoint.sh'

/** Runs the entry script as the container does, with the command line of the sources. */
function enter(folder: string, secrets: Record<string, string>, ...args: string[]) {
  const { PATH } = process.env
  const own = { PATH, CAIRN_BIN: 'src/cli/bin.ts', DEV_VARS: join(folder, 'secrets'), PERSIST_TO: join(folder, 'state'), PORT: '8787' }
  const { status, stdout, stderr } = spawnSync('sh', [ENTRYPOINT, ...args], { env: { ...own, ...secrets }, encoding: 'utf8' })
  expect(stderr.replace(/^.*(ExperimentalWarning|--trace-warnings).*$/gm, '').trim()).toBe('')
  expect(status).toBe(0)
  return { stdout, kept: parseEnv(readFileSync(join(folder, 'secrets'), 'utf8')) }
}

describe('the entry script of the container', () => {
  test('takes secrets of the environment at the first start, and never replaces them', () => {
    const folder = temporaryFolder()
    const ROOT_TOKEN = `${'s'.repeat(32)} $(id) "`
    const first = enter(folder, { ROOT_TOKEN_ID: 'a'.repeat(32), ROOT_TOKEN }, 'credentials')
    expect(first.kept).toMatchObject({ ROOT_TOKEN_ID: 'a'.repeat(32), ROOT_TOKEN, MASTER_KEY: expect.stringMatching(/^.{43}=$/) })
    expect(first.stdout).toContain(`AWS_ACCESS_KEY_ID=${'a'.repeat(32)}`)
    expect(statSync(join(folder, 'secrets')).mode & 0o077).toBe(0)
    expect(enter(folder, { ROOT_TOKEN: 'other' }, 'credentials').kept).toEqual(first.kept)
  })

  test('makes the secrets that the environment lacks', () => {
    const { kept } = enter(temporaryFolder(), {}, 'credentials')
    expect(Object.keys(kept).sort()).toEqual(['ACCOUNT_ID', 'MASTER_KEY', 'ROOT_TOKEN', 'ROOT_TOKEN_ID'])
  })
})

describe('the files of the container', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8')

  test('the image runs as somebody else than root, with a volume, a port, a health check and a signal to stop', () => {
    const instructions = [...dockerfile.matchAll(/^([A-Z]+) (.*)$/gm)].map(([, name, rest]) => [name, rest])
    const last = (name: string) => instructions.filter(([each]) => each === name).at(-1)?.[1]
    expect([last('USER'), last('VOLUME'), last('EXPOSE'), last('STOPSIGNAL')]).toEqual(['node', '/data', '8787', 'SIGTERM'])
    expect(dockerfile).toContain('/_health')
    expect(JSON.parse(last('ENTRYPOINT')!)).toEqual(['tini', '--', 'cairn-entrypoint'])
    expect(JSON.parse(last('CMD')!)).toEqual(['serve'])
  })

  test('every copied file exists', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(?:--\S+ )?(.+) \S+$/gm)].flatMap(([, files]) => files!.split(' '))
    expect(copied.length).toBeGreaterThan(3)
    expect(copied.filter((file) => !existsSync(file))).toEqual([])
  })

  test('secrets and data of the developer stay out of the image', () => {
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n')
    expect(ignored).toEqual(expect.arrayContaining(['.dev.vars', '.wrangler', '.deployed-secrets-*', '.git', 'node_modules']))
  })

  test('compose publishes the port on the loopback address, and keeps the data', () => {
    const compose = readFileSync('compose.yaml', 'utf8')
    expect(compose).toContain('"127.0.0.1:8787:8787"')
    expect(compose).toContain('- data:/data')
  })
})
