import { readFileSync, rmSync, statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type DeployTools, deploy } from '../../src/cli/deploy.ts'
import { withoutLimits } from '../../src/cli/free-plan.ts'
import { keepSecrets } from '../../src/cli/keep-secrets.ts'

const databases = (created: boolean) => ['control', 'segments'].map((folder) => ({ name: `cairn-${folder}`, folder, created }))

/** A first deployment, at a terminal. */
const NEW = { databases: databases(false), terminal: true, keep: () => 'nowhere', takeOutLimits: async () => {} }

/** Stands in for wrangler: remembers what it was asked, and has the given secrets. */
function fakeWrangler({ secrets = [] as string[], queues = ['cairn-events'], failAt = '', domains = '[{"results":[]}]' } = {}) {
  const calls: string[] = []
  const put: Record<string, string>[] = []
  const printed: string[] = []
  const wrangler = async (args: string[], { input }: { input?: string } = {}) => {
    const call = args.join(' ')
    calls.push(call)
    if (input !== undefined) put.push(JSON.parse(input))
    const answers = { 'secret list': JSON.stringify(secrets.map((name) => ({ name, type: 'secret_text' }))), 'd1 execute': domains }
    const output = answers[args.slice(0, 2).join(' ') as keyof typeof answers] ?? ''
    const missing = (call.startsWith('queues info ') && !queues.includes(args[2]!)) || (output === domains && !domains.startsWith('['))
    return { code: call === failAt || missing ? 1 : 0, output }
  }
  const run = (env = {}, more: Partial<DeployTools> = {}) =>
    deploy({ ...NEW, wrangler, env, queues: ['cairn-events'], print: (text) => printed.push(text), ...more })
  return { calls, put, printed, run, wrangler }
}

const ALL = ['ACCOUNT_ID', 'ROOT_TOKEN_ID', 'ROOT_TOKEN', 'MASTER_KEY']

test('the Worker and its databases come first, then the tables, then the secrets', async () => {
  const { calls, run } = fakeWrangler()
  await run()
  expect(calls).toEqual([
    'queues info cairn-events',
    'deploy',
    'd1 migrations apply cairn-control --remote',
    'd1 migrations apply cairn-segments --remote',
    'secret list --format json',
    'secret bulk',
  ])
})

test('a first deployment gets four random secrets and shows once what its owner must keep', async () => {
  const { put, printed, run } = fakeWrangler()
  await run()
  expect(Object.keys(put[0]!)).toEqual(ALL)
  for (const name of ALL) expect(printed.join()).toContain(put[0]![name])
})

test('secrets that are there are never replaced', async () => {
  const { calls, put, printed, run } = fakeWrangler({ secrets: ALL })
  await run()
  expect(put).toEqual([])
  expect(calls).not.toContain('secret bulk')
  expect(printed.join()).toContain('left as they are')
})

test('only what is missing is added', async () => {
  const { put, run } = fakeWrangler({ secrets: ['ACCOUNT_ID', 'MASTER_KEY'] })
  await run()
  expect(Object.keys(put[0]!)).toEqual(['ROOT_TOKEN_ID', 'ROOT_TOKEN'])
})

test('a value in the environment is used instead of a random one', async () => {
  const { put, run } = fakeWrangler()
  await run({ ROOT_TOKEN: 'brought along' })
  expect(put[0]!.ROOT_TOKEN).toBe('brought along')
})

test('nothing follows a failed step', async () => {
  const { calls, run } = fakeWrangler({ failAt: 'd1 migrations apply cairn-control --remote' })
  await expect(run()).rejects.toThrow('d1 migrations apply cairn-control --remote failed')
  expect(calls).toHaveLength(3)
})

test('a queue that is missing is created before the Worker is bound to it, and one that is there is left alone', async () => {
  const { calls, run } = fakeWrangler({ queues: [] })
  await run()
  expect(calls.slice(0, 3)).toEqual(['queues info cairn-events', 'queues create cairn-events', 'deploy'])
  const again = fakeWrangler()
  await again.run()
  expect(again.calls).not.toContain('queues create cairn-events')
})

test('a queue that cannot be created ends the deployment', async () => {
  const { calls, run } = fakeWrangler({ queues: [], failAt: 'queues create cairn-events' })
  await expect(run()).rejects.toThrow('queues create cairn-events failed')
  expect(calls).not.toContain('deploy')
})

test("a shell aimed at Cairn's own API is refused before anything is deployed", async () => {
  const { calls, run } = fakeWrangler()
  await expect(run({ CLOUDFLARE_API_BASE_URL: 'http://127.0.0.1:8787/client/v4' })).rejects.toThrow('not at Cloudflare')
  expect(calls).toEqual([])
})

test('22: once there are databases, their tables come before the code', async () => {
  const { calls, run } = fakeWrangler({ secrets: ALL })
  const third = { name: 'cairn-segments-2', folder: 'segments', created: false }
  await run({}, { databases: [...databases(true), third] })
  expect(calls.slice(1)).toEqual([
    'd1 migrations apply cairn-control --remote',
    'd1 migrations apply cairn-segments --remote',
    'deploy',
    'd1 migrations apply cairn-segments-2 --remote',
    'secret list --format json',
  ])
  const failing = fakeWrangler({ secrets: ALL, failAt: 'd1 migrations apply cairn-control --remote' })
  await expect(failing.run({}, { databases: databases(true) })).rejects.toThrow('cairn-control --remote failed')
  expect(failing.calls).not.toContain('deploy')
})

test('23: without a terminal the secrets go into a file, before they are set, and nothing secret is printed', async () => {
  const { calls, put, printed, run } = fakeWrangler()
  const kept: string[] = []
  const keep = (table: string) => {
    expect(calls).not.toContain('secret bulk')
    kept.push(table)
    return '/somewhere/secrets'
  }
  await run({}, { terminal: false, keep })
  for (const name of ['ROOT_TOKEN', 'MASTER_KEY']) {
    expect(printed.join()).not.toContain(put[0]![name])
    expect(kept.join()).toContain(put[0]![name])
  }
  expect(printed.join()).toContain('/somewhere/secrets')
})

test('23: the file of secrets is for its owner alone, and none is overwritten', () => {
  const path = keepSecrets('a secret', new Date(0))
  try {
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(() => keepSecrets('another', new Date(0))).toThrow('EEXIST')
  } finally {
    rmSync(path)
  }
})

describe('the Workers Free plan', () => {
  const refusal = '✘ [ERROR] A request to the Cloudflare API failed.\n  CPU limits are not supported for the Free plan. [code: 100328]'

  test('23: refuses limits of CPU time: they are taken out, and what the plan carries is said', async () => {
    const fake = fakeWrangler()
    let limits = true
    const wrangler: typeof fake.wrangler = async (args, options) => {
      const finished = await fake.wrangler(args, options)
      return args[0] === 'deploy' && limits ? { ...finished, code: 1, errors: refusal } : finished
    }
    const takeOutLimits = async () => {
      limits = false
    }
    await fake.run({}, { wrangler, takeOutLimits })
    expect(fake.calls.filter((call) => call === 'deploy')).toHaveLength(2)
    expect(fake.calls).toContain('secret bulk')
    expect(fake.printed.join()).toMatch(/Free plan.*10 ms of CPU/)
  })

  test('another failure is not tried again', async () => {
    const { calls, run } = fakeWrangler({ failAt: 'deploy' })
    await expect(run()).rejects.toThrow('wrangler deploy failed')
    expect(calls.filter((call) => call === 'deploy')).toHaveLength(1)
  })

  test('has the limits of wrangler.jsonc taken out, and nothing else', () => {
    const config = readFileSync('wrangler.jsonc', 'utf8')
    expect(config).toMatch(/^ {2}"limits": \{ "cpu_ms": 90000 \},$/m)
    const changed = withoutLimits(config)
    expect(changed).not.toMatch(/^\s*"limits"/m)
    const lines = (text: string) => text.split('\n').filter((line) => !line.includes('"limits"'))
    expect(lines(changed)).toEqual(lines(config))
    expect(withoutLimits(changed)).toBe(changed)
  })
})

describe('the hosts of the API', () => {
  const ROUTES = [
    { pattern: 's3.example.com', custom_domain: true },
    'https://API.example.com:443/v1/*',
    { pattern: 'photos.example.com/*', zone_name: 'example.com' },
    { pattern: '*.s3.example.com/*', zone_name: 'example.com' },
  ]
  const deployed = ({ calls }: { calls: string[] }) => calls.filter((call) => call.startsWith('deploy'))

  test('are those of the routes that no bucket has, and those that are named', async () => {
    const fake = fakeWrangler({ domains: '[{"results":[{"host":"photos.example.com","bucket":"photos"}]}]' })
    await fake.run({}, { routes: ROUTES, hosts: 'old.example.com, s3.example.com' })
    expect(deployed(fake)).toEqual(['deploy --var HOSTS:old.example.com,s3.example.com,api.example.com'])
    expect(fake.printed.slice(0, 3)).toEqual([
      'The route *.s3.example.com/* names no host: if the API has one below it, name that in the variable HOSTS.',
      'Hosts of the API: old.example.com, s3.example.com, api.example.com.',
      'Domain of the bucket photos: photos.example.com.',
    ])
  })

  test('that are named win over a bucket that has one', async () => {
    const fake = fakeWrangler({ domains: '[{"results":[{"host":"s3.example.com","bucket":"evil"}]}]' })
    await fake.run({}, { routes: ['s3.example.com/*'], hosts: 's3.example.com' })
    expect(deployed(fake)).toEqual(['deploy --var HOSTS:s3.example.com'])
  })

  test.each([
    '{"error":{"text":"Couldn\'t find a D1 DB named \'cairn-control\' (bound as \'CONTROL\') in the API."}}',
    '{"error":{"text":"A request to the Cloudflare API failed.","notes":[{"text":"no such table: domains: SQLITE_ERROR"}]}}',
  ])('are all of the routes where nothing can be attached yet: %s', async (domains) => {
    const fake = fakeWrangler({ domains })
    await fake.run({}, { routes: ROUTES })
    expect(deployed(fake)).toEqual(['deploy --var HOSTS:s3.example.com,api.example.com,photos.example.com'])
  })

  test('are not guessed: where the domains cannot be read, nothing is deployed', async () => {
    const fake = fakeWrangler({ domains: '{"error":{"text":"Authentication error"}}' })
    await expect(fake.run({}, { routes: ROUTES })).rejects.toThrow('Authentication error')
    expect(deployed(fake)).toEqual([])
  })
})
