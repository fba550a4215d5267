import { beforeAll, describe, expect, test } from 'vitest'
import type { ApiToken } from '../../src/auth/policies.ts'
import { readConfig } from '../../src/config.ts'
import { listAudit } from '../../src/control/audit.ts'
import { deleteToken, type Manager, makeToken, rollToken, updateToken } from '../../src/control/token-registry.ts'
import { createToken, secretAccessKeyOf, TokenFinder } from '../../src/control/tokens.ts'
import { env, secrets } from '../support/bucket.ts'

const ROOT: ApiToken = { id: secrets.rootTokenId, name: 'root', policies: [], root: true }
const RESOURCES = { [`com.cloudflare.api.account.${secrets.accountId}`]: '*' }
const READ = { effect: 'allow', permission_groups: [{ id: '6a018a9f2fc74eb6b293b0c548f38b39' }], resources: RESOURCES } as const
const WRITE = { ...READ, permission_groups: [{ id: 'bf7481a1826f439697cb59a20b22293e' }] } as const

const managerOf = (token: ApiToken, db = env.CONTROL, value = valueFor(token)): Manager => ({
  db,
  secrets,
  config: readConfig(env),
  finder: new TokenFinder(secrets),
  token,
  secretAccessKey: secretAccessKeyOf(value),
  by: { tokenId: token.id, tokenName: token.name, face: 'API', method: 'POST', path: '/' },
  nowMs: Date.now(),
})
const HERE = { in: ['127.0.0.1'] }
const valueFor = ({ id }: ApiToken) => (id === ROOT.id ? secrets.rootToken : `value of ${id}`)
const root = managerOf(ROOT)

/** A token that is there, as an isolate knows it. */
async function known(id: string, policies: ApiToken['policies']): Promise<ApiToken> {
  const token: ApiToken = { id: id.repeat(32), name: id, policies }
  await createToken(env.CONTROL, secrets, { ...token, value: valueFor(token) }, Date.now())
  return token
}
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
  let weak: ApiToken
  beforeAll(async () => {
    weak = await known('a', [{ level: 'tokens-read-write' }, { level: 'object-read' }])
  })

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

  test.each([
    ['rolled', (manager: Manager, id: string) => rollToken(manager, id)],
    ['changed', (manager: Manager, id: string) => updateToken(manager, id, { name: 'mine', policies: [READ], addresses: HERE })],
  ])('is not %s by whoever was allowed the one for fewer addresses', async (_, attack) => {
    const { id } = await makeToken(root, { name: 'victim', policies: [READ], addresses: HERE })
    const db = meanwhile(() => updateToken(root, id, { name: 'victim', policies: [READ] }))
    await expect(attack(managerOf({ ...weak, addresses: HERE }, db), id)).rejects.toMatchObject({ code: 'InvalidAccessToken' })
    await env.CONTROL.prepare('UPDATE tokens SET addresses = ? WHERE id = ?').bind(JSON.stringify(HERE), weak.id).run()
    const later = meanwhile(() => updateToken(root, id, { name: 'victim', policies: [READ], addresses: { notIn: ['192.0.2.1'] } }))
    await updateToken(root, id, { name: 'victim', policies: [READ], addresses: HERE })
    await expect(attack(managerOf({ ...weak, addresses: HERE }, later), id)).rejects.toMatchObject({ status: 409 })
    await env.CONTROL.prepare('UPDATE tokens SET addresses = NULL WHERE id = ?').bind(weak.id).run()
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

describe('a manager that was revoked, which its isolate does not know yet,', () => {
  const change = (sql: string) => (id: string) => env.CONTROL.prepare(`UPDATE tokens SET ${sql} WHERE id = ?`).bind(id).run()
  const revocations: readonly (readonly [string, (id: string) => Promise<unknown>])[] = [
    ['deleted', (id) => env.CONTROL.prepare('DELETE FROM tokens WHERE id = ?').bind(id).run()],
    ['disabled', change('disabled = 1')],
    ['weakened', change(`policies = '[]'`)],
    ['given an end', change('expires_ms = 1')],
    ['rolled', change(`value_digest = 'another'`)],
    ['limited to addresses', change(`addresses = '{"in":["192.0.2.1"]}'`)],
  ]
  const attacks: Readonly<Record<string, (manager: Manager, id: string) => Promise<unknown>>> = {
    makes: (manager) => makeToken(manager, { name: 'made', policies: [READ] }),
    changes: (manager, id) => updateToken(manager, id, { name: 'changed', policies: [READ] }),
    rolls: rollToken,
    deletes: deleteToken,
  }
  const names = 'bcdef7'

  test.each(revocations.map(([name, revoke], n) => [name, revoke, names[n]!] as const))('%s: does nothing', async (_, revoke, letter) => {
    const manager = managerOf(await known(letter, [{ level: 'tokens-read-write' }, { level: 'object-read' }]))
    const { id } = await makeToken(root, { name: 'victim', policies: [READ] })
    await makeToken(manager, { name: 'made in time', policies: [READ] })
    await revoke(manager.token.id)
    const before = await env.CONTROL.prepare('SELECT * FROM tokens ORDER BY id').all()
    for (const attack of Object.values(attacks)) {
      await expect(attack(manager, id)).rejects.toMatchObject({ code: 'InvalidAccessToken' })
    }
    expect((await env.CONTROL.prepare('SELECT * FROM tokens ORDER BY id').all()).results).toEqual(before.results)
    expect(await logOf(id)).toEqual(['CreateToken'])
  })
})

describe('deleting', () => {
  test('is for those who hold what the token holds; anybody may delete itself', async () => {
    const { id: strong } = await makeToken(root, { name: 'strong', policies: [WRITE] })
    const { id: equal } = await makeToken(root, { name: 'equal', policies: [READ] })
    const weak = managerOf(
      await known('9', [{ level: 'tokens-read-write' }, { level: 'object-read' }, { level: 'object-read', buckets: [] }]),
    )
    await expect(deleteToken(weak, strong)).rejects.toMatchObject({ code: 'AccessDenied' })
    await deleteToken(weak, equal)
    const denied = managerOf(await known('8', [{ level: 'tokens-read-write' }, { level: 'object-read', effect: 'deny' }]))
    await deleteToken(denied, denied.token.id)
    expect(await logOf(strong)).toEqual(['CreateToken'])
  })
})
