import { expect, test } from 'vitest'
import { auditStatements, listAudit } from '../../src/control/audit.ts'
import { auditEntry } from '../../src/core/audit.ts'
import { env } from '../support/bucket.ts'

const by = { tokenId: 't', tokenName: 'test', face: 'API', method: 'PUT', path: '/' } as const

/** Writes that many entries about other buckets, and returns how many rows a page of the history of one bucket reads. */
async function rowsRead(others: number): Promise<number> {
  const entries = Array.from({ length: others }, (_, n) =>
    auditEntry({
      whenMs: Date.now(),
      action: 'CreateBucket',
      by,
      resource: { type: 'r2.bucket', id: `other-${n}`, jurisdiction: 'default' },
    }),
  )
  for (let from = 0; from < others; from += 50) await env.CONTROL.batch(auditStatements(env.CONTROL, entries.slice(from, from + 50), 1e12))
  let rows = 0
  const metered = {
    prepare: (query: string) => ({
      bind: (...values: unknown[]) => ({
        all: async () => {
          const found = await env.CONTROL.prepare(query)
            .bind(...values)
            .all()
          rows += found.meta.rows_read
          return found
        },
      }),
    }),
  } as unknown as D1Database
  const filters = [
    { field: 'resourceType', values: ['r2.bucket'] },
    { field: 'resourceId', values: ['one'] },
    { field: 'jurisdiction', values: ['default'] },
  ] as const
  expect(await listAudit(metered, { filters, limit: 10 })).toHaveLength(1)
  return rows
}

test('the history of one resource reads its own entries, however many others there are', async () => {
  const own = auditEntry({
    whenMs: Date.now() - 1000,
    action: 'CreateBucket',
    by,
    resource: { type: 'r2.bucket', id: 'one', jurisdiction: 'default' },
  })
  await env.CONTROL.batch(auditStatements(env.CONTROL, [own], 1e12))
  const few = await rowsRead(100)
  expect(await rowsRead(400)).toBe(few)
  expect(few).toBeLessThan(5)
})

test('what is hidden is left out, also where a value is only its beginning', async () => {
  const session = (id: string, newValue: unknown) =>
    auditEntry({ whenMs: Date.now(), action: 'CreateTemporaryCredentials', by, resource: { type: 'session', id }, newValue })
  const entries = [
    session('a', { bucket: 'hidden' }),
    session('b', { bucket: 'shown' }),
    session('c', { bucket: 'hidden', prefixes: ['x'.repeat(9000)] }),
    session('d', { bucket: 'hidden', jurisdiction: 'default' }),
    auditEntry({ whenMs: Date.now(), action: 'CreateBucket', by, resource: { type: 'r2.bucket', id: 'hidden', jurisdiction: 'default' } }),
    auditEntry({ whenMs: Date.now(), action: 'CreateBucket', by, resource: { type: 'r2.bucket', id: 'hidden', jurisdiction: 'eu' } }),
    auditEntry({ whenMs: Date.now(), action: 'CreateToken', by, resource: { type: 'token', id: 'hidden' } }),
  ]
  await env.CONTROL.batch(auditStatements(env.CONTROL, entries, 1e12))
  const filters = [{ field: 'resourceId', values: ['a', 'b', 'c', 'd', 'hidden'] }] as const
  const shown = await listAudit(env.CONTROL, { filters, hidden: [{ jurisdiction: 'default', name: 'hidden' }], limit: 10, ascending: true })
  expect(shown.map(({ resource }) => `${resource.type} ${resource.jurisdiction ?? ''} ${resource.id}`).sort()).toEqual([
    'r2.bucket eu hidden',
    'session  b',
    'token  hidden',
  ])
  expect(await listAudit(env.CONTROL, { filters, limit: 10 })).toHaveLength(7)
})
