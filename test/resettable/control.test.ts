import { createExecutionContext, env } from 'cloudflare:test'
import { expect, test } from 'vitest'
import * as real from '../../src/index.ts'
import { ResetControl } from '../../src/resettable/control.ts'
import * as resettable from '../../src/resettable/worker.ts'

const TOKEN = 'a'.repeat(43)

const ask = (path: string, authorization: string | undefined, token: string | undefined = TOKEN) => {
  const control = new ResetControl(createExecutionContext(), { ...env, RESET_TOKEN: token } as never)
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
  return control.fetch(new Request(`http://127.0.0.1${path}`, { method: 'POST', headers }))
}

test.each(['/migrate', '/keep', '/reset', '/'])('%s answers nobody without the token', async (path) => {
  for (const authorization of [undefined, '', 'Bearer ', `Bearer ${'b'.repeat(43)}`, `Bearer ${TOKEN}x`, TOKEN]) {
    expect((await ask(path, authorization)).status).toBe(403)
  }
  expect((await ask(path, 'Bearer ', '')).status).toBe(403)
})

test('a Worker without a token has no such entrypoint to use', async () => {
  const control = new ResetControl(createExecutionContext(), env as never)
  for (const authorization of ['Bearer ', 'Bearer undefined']) {
    expect((await control.fetch(new Request('http://127.0.0.1/reset', { method: 'POST', headers: { authorization } }))).status).toBe(403)
  }
})

test('every Durable Object class of the Worker can be reset', () => {
  const classes = Object.keys(real).filter((name) => name !== 'default' && name !== 'BucketBinding')
  expect(
    Object.keys(resettable)
      .filter((name) => name !== 'default' && name !== 'ResetControl')
      .sort(),
  ).toEqual(classes.sort())
})
