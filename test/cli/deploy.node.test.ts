import { expect, test } from 'vitest'
import { deploy } from '../../src/cli/deploy.ts'

/** Stands in for wrangler: remembers what it was asked, and has the given secrets. */
function fakeWrangler({ secrets = [] as string[], queues = ['cairn-events'], failAt = '' } = {}) {
  const calls: string[] = []
  const put: Record<string, string>[] = []
  const printed: string[] = []
  const wrangler = async (args: string[], { input }: { input?: string } = {}) => {
    const call = args.join(' ')
    calls.push(call)
    if (input !== undefined) put.push(JSON.parse(input))
    const output = call.startsWith('secret list') ? JSON.stringify(secrets.map((name) => ({ name, type: 'secret_text' }))) : ''
    const missing = call.startsWith('queues info ') && !queues.includes(args[2]!)
    return { code: call === failAt || missing ? 1 : 0, output }
  }
  const run = (env = {}) => deploy({ wrangler, env, queues: ['cairn-events'], print: (text) => printed.push(text) })
  return { calls, put, printed, run }
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
