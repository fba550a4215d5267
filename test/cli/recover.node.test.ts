import { expect, test } from 'vitest'
import type { AdminCall } from '../../src/cli/admin-client.ts'
import { recover } from '../../src/cli/recover.ts'

async function run(flags: Record<string, string>, bucket: string | undefined = 'photos') {
  const calls: unknown[] = []
  const printed: string[] = []
  const call = (async (operation: string, body: object) => {
    calls.push([operation, body])
    return { undo: '00-11' }
  }) as AdminCall
  const code = await recover({ bucket, jurisdiction: 'default', flags, call }, (line) => printed.push(line))
  return { code, calls, printed: printed.join('\n') }
}

test('a time is sent as a moment, and the way back is printed', async () => {
  const { code, calls, printed } = await run({ at: '2026-11-20T12:00:00+01:00' })
  expect(code).toBe(0)
  expect(calls).toEqual([['recover', { bucket: 'photos', jurisdiction: 'default', to: { timeMs: Date.UTC(2026, 10, 20, 11) } }]])
  expect(printed).toContain('npm run recover -- photos --bookmark 00-11')
})

test('a bookmark is sent as it is', async () => {
  expect((await run({ bookmark: '00-22' })).calls).toEqual([
    ['recover', { bucket: 'photos', jurisdiction: 'default', to: { bookmark: '00-22' } }],
  ])
})

test.each([{ at: 'yesterday' }, { at: '2026-11-20T12:00:00' }, {}, { at: '2026-11-20T12:00:00Z', bookmark: '00' }])(
  '%j is refused',
  async (flags) => {
    await expect(run(flags as Record<string, string>)).rejects.toThrow('Usage')
  },
)
