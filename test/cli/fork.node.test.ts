import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { unstable_readConfig as readConfig } from 'wrangler'
import { deploy } from '../../src/cli/deploy.ts'
import { GENERATE, SECRET_NAMES, type Secrets } from '../../src/cli/dev-vars.ts'

const generated = () => Object.fromEntries(SECRET_NAMES.map((name) => [name, GENERATE[name]()])) as Secrets

describe('a fork deploys without edits', () => {
  test('the configuration names its resources, and has no ids, account or routes of anybody', () => {
    const config = readConfig({ config: 'wrangler.jsonc' })
    expect([config.account_id, config.route, config.routes]).toEqual([undefined, undefined, undefined])
    expect(config.d1_databases.map(({ database_id }: { database_id?: string }) => database_id)).toEqual([undefined, undefined])
    expect(config.kv_namespaces.map(({ id }: { id?: string }) => id)).toEqual([undefined])
    expect(config.workers_dev).toBe(true)
  })

  test('the deploy button asks for every secret, and says how to make each', () => {
    const { cloudflare } = JSON.parse(readFileSync('package.json', 'utf8')) as { cloudflare: { bindings: object } }
    expect(Object.keys(parseEnv(readFileSync('.dev.vars.example', 'utf8'))).sort()).toEqual([...SECRET_NAMES].sort())
    expect(Object.keys(cloudflare.bindings).sort()).toEqual([...SECRET_NAMES].sort())
  })
})

describe('on a build machine of Cloudflare', () => {
  const run = async (env: Record<string, string>, present: readonly string[]) => {
    const calls: string[] = []
    const wrangler = async (args: string[]) => {
      calls.push(args.slice(0, 2).join(' '))
      return { code: 0, output: args[1] === 'list' ? JSON.stringify(present.map((name) => ({ name }))) : '' }
    }
    const tools = {
      wrangler,
      env,
      queues: [],
      databases: [],
      print: () => {},
      terminal: false,
      keep: () => 'a file',
      takeOutLimits: async () => {},
    }
    const failure = await deploy(tools).then(
      () => undefined,
      ({ message }: Error) => message,
    )
    return { calls, failure }
  }

  test('missing secrets are not made, since nobody could keep them', async () => {
    const { calls, failure } = await run({ WORKERS_CI: '1' }, ['ACCOUNT_ID', 'ROOT_TOKEN_ID'])
    expect(failure).toContain('The secrets ROOT_TOKEN, MASTER_KEY are missing. None was made')
    expect(calls).not.toContain('secret bulk')
  })

  test('secrets of the environment are set, and present ones are left as they are', async () => {
    expect((await run({ WORKERS_CI: '1', ...generated() }, [])).calls).toContain('secret bulk')
    expect((await run({ WORKERS_CI: '1' }, SECRET_NAMES)).failure).toBeUndefined()
  })
})
