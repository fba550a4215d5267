import { describe, expect, test } from 'vitest'
import type { ApiToken } from '../../src/auth/policies.ts'
import { readConfig } from '../../src/config.ts'
import { listAudit } from '../../src/control/audit.ts'
import { deleteToken, type Manager, makeToken, rollToken, updateToken } from '../../src/control/token-registry.ts'
import { TokenFinder } from '../../src/control/tokens.ts'
import { env, secrets } from '../support/bucket.ts'

const ROOT: ApiToken = { id: secrets.rootTokenId, name: 'root', policies: [], root: true }
const RESOURCES = { [`com.cloudflare.api.account.${secrets.accountId}`]: '*' }
const READ = { effect: 'allow', permission_groups: [{ id: '6a018a9f2fc74eb6b293b0c548f38b39' }], resources: RESOURCES } as const
const WRITE = { ...READ, permission_groups: [{ id: 'bf7481a1826f439697cb59a20b22293e' }] } as const

const managerOf = (token: ApiToken, db = env.CONTROL): Manager => ({
  db,
  secrets,
  config: readConfig(env),
  finder: new TokenFinder(secrets),
  token,
  by: { tokenId: token.id, tokenName: token.name, face: 'API', method: 'POST', path: '/' },
  nowMs: Date.now(),
})
const root = managerOf(ROOT)
const logOf = async (id: string) =>
  (await listAudit(env.CONTROL, { filters: [{ field: 'resourceId', values: [id] }], ascending: true, limit: 10 })).map(
    ({ action }) => action,
  )

/** A database in which somebody does something between the check of a token and its change. */
function meanwhile(something: () => Promise<unknown>): D1Database {
  const batch = async (statements: D1PreparedStatement[]) => {
    await something()
    return env.CONTROL.batch(statements)
  }
  return { prepare: (query: string) => env.CONTROL.prepare(query), batch } as unknown as D1Database
}

describe('a token that somebody makes stronger meanwhile', () => {
  const weak: ApiToken = { id: 'a'.repeat(32), name: 'weak', policies: [{ level: 'tokens-read-write' }, { level: 'object-read' }] }

  test.each([
    ['rolled', (manager: Manager, id: string) => rollToken(manager, id)],
    ['changed', (manager: Manager, id: string) => updateToken(manager, id, { name: 'mine', policies: [READ] })],
  ])('is not %s by whoever was allowed the weaker one, and the log does not say so', async (_, attack) => {
    const { id, value } = await makeToken(root, { name: 'victim', policies: [READ] })
    const db = meanwhile(() => updateToken(root, id, { name: 'victim', policies: [WRITE] }))
    await expect(attack(managerOf(weak, db), id)).rejects.toMatchObject({ status: 409 })
    expect(await new TokenFinder(secrets).findByValue(env.CONTROL, value, Date.now())).toMatchObject({ token: { name: 'victim' } })
    expect(await logOf(id)).toEqual(['CreateToken', 'UpdateToken'])
  })

  test('is deleted once', async () => {
    const { id } = await makeToken(root, { name: 'victim', policies: [READ] })
    await expect(
      deleteToken(
        managerOf(
          ROOT,
          meanwhile(() => deleteToken(root, id)),
        ),
        id,
      ),
    ).rejects.toMatchObject({ status: 409 })
    expect((await logOf(id)).sort()).toEqual(['CreateToken', 'DeleteToken'])
  })
})
