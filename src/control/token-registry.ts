import { type AddressLimit, mayGrantAddresses } from '../auth/addresses.ts'
import { type ApiToken, mayGrant, type Policy } from '../auth/policies.ts'
import type { Config, Secrets } from '../config.ts'
import { type Actor, type AuditAction, auditEntry } from '../core/audit.ts'
import { invalidArgument, StoreError } from '../core/errors.ts'
import { auditStatements } from './audit.ts'
import { newTokenId, newTokenValue } from './own-tokens.ts'
import { type SqlCondition, stillHeld } from './still-held.ts'
import { compilePolicy, type GivenPolicy, type ShownPolicy, showPolicy } from './token-policies.ts'
import {
  addressesJson,
  insertTokenStatement,
  purposeOf,
  readAddresses,
  secretAccessKeyOf,
  type TokenFinder,
  valueDigestOf,
} from './tokens.ts'

/** The attributes of a token that a client sets. */
export interface TokenAttributes {
  readonly name: string
  readonly policies: readonly GivenPolicy[]
  readonly notBeforeMs?: number
  readonly expiresMs?: number
  readonly addresses?: AddressLimit
  readonly disabled?: boolean
}

/** A token as its managers see it, without its value. */
export interface TokenRecord extends TokenAttributes {
  readonly id: string
  readonly policies: readonly ShownPolicy[]
  readonly disabled: boolean
  readonly issuedMs: number
  readonly modifiedMs: number
}

export interface TokensQuery {
  readonly offset: number
  readonly limit: number
  readonly descending?: boolean
  readonly includeExpired?: boolean
  readonly nowMs: number
}

/** The dependencies of managing tokens, and who does it. */
export interface Manager {
  readonly db: D1Database
  readonly secrets: Secrets
  readonly config: Config
  readonly finder: TokenFinder
  readonly token: ApiToken
  /** The manager's own secret, which the request has proved. */
  readonly secretAccessKey: string
  readonly by: Actor
  readonly nowMs: number
}

type TokenRow = {
  id: string
  name: string
  policies: string
  document: string | null
  not_before_ms: number | null
  expires_ms: number | null
  addresses: string | null
  created_ms: number
  modified_ms: number | null
  disabled: number
}

/**
 * Makes a token. Only this call returns its value: nobody can read it later.
 * @throws StoreError InvalidArgument, AccessDenied for more rights than the maker holds
 */
export async function makeToken(manager: Manager, attributes: TokenAttributes): Promise<TokenRecord & { value: string }> {
  const { secrets, nowMs } = manager
  const policies = compile(manager, attributes)
  const value = newTokenValue(secrets.keyring)
  const id = newTokenId(secrets.keyring)
  const record: TokenRecord = {
    ...attributes,
    id,
    policies: attributes.policies.map(showPolicy),
    disabled: attributes.disabled ?? false,
    issuedMs: nowMs,
    modifiedMs: nowMs,
  }
  const token = { ...record, value, policies, document: record.policies }
  const insert = await insertTokenStatement(manager.db, secrets, token, nowMs, stillHeld(manager))
  await change(manager, insert, { action: 'CreateToken', id, newValue: toAudit(record) })
  return { ...record, value }
}

/**
 * Returns one token.
 * @throws StoreError NoSuchToken
 */
export async function getToken(db: D1Database, id: string): Promise<TokenRecord> {
  return (await readToken(db, id)).record
}

/** Returns one page of the tokens by age, and the number of all tokens. */
export async function listTokens(db: D1Database, query: TokensQuery): Promise<{ tokens: TokenRecord[]; total: number }> {
  const living = query.includeExpired ? '1' : '(expires_ms IS NULL OR expires_ms > ?)'
  const bindings = query.includeExpired ? [] : [query.nowMs]
  const order = query.descending ? 'DESC' : 'ASC'
  const [page, count] = await db.batch<TokenRow & { n: number }>([
    db
      .prepare(`SELECT * FROM tokens WHERE ${living} ORDER BY created_ms ${order}, id ${order} LIMIT ? OFFSET ?`)
      .bind(...bindings, query.limit, query.offset),
    db.prepare(`SELECT count(*) AS n FROM tokens WHERE ${living}`).bind(...bindings),
  ])
  return { tokens: page!.results.map(recordOf), total: count!.results[0]!.n }
}

/**
 * Replaces all attributes of a token. Its value stays.
 * @throws StoreError NoSuchToken, InvalidArgument, AccessDenied if the token has more rights than the manager, before or after
 */
export async function updateToken(manager: Manager, id: string, attributes: TokenAttributes): Promise<TokenRecord> {
  const { db, nowMs } = manager
  const old = await readToken(db, id)
  checkGrant(manager, old.policies, old.record)
  const held = stillHeld(manager)
  const policies = compile(manager, attributes)
  const shown = attributes.policies.map(showPolicy)
  const record = {
    ...attributes,
    id,
    policies: shown,
    disabled: attributes.disabled ?? false,
    issuedMs: old.record.issuedMs,
    modifiedMs: nowMs,
  }
  const update = db
    .prepare(
      `UPDATE tokens SET name = ?, policies = ?, document = ?, not_before_ms = ?, expires_ms = ?, addresses = ?, disabled = ?, modified_ms = ?
      WHERE id = ? AND policies = ? AND addresses IS ? AND ${held.sql}`,
    )
    .bind(
      record.name,
      JSON.stringify(policies),
      JSON.stringify(shown),
      record.notBeforeMs ?? null,
      record.expiresMs ?? null,
      addressesJson(record.addresses),
      record.disabled ? 1 : 0,
      nowMs,
      id,
      JSON.stringify(old.policies),
      addressesJson(old.record.addresses),
      ...held.bindings,
    )
  await change(manager, update, { action: 'UpdateToken', id, oldValue: toAudit(old.record), newValue: toAudit(record) })
  return record
}

/**
 * Gives a token a new value, and so a new S3 secret.
 * @throws StoreError NoSuchToken, AccessDenied for a token with more rights than the manager holds
 */
export async function rollToken(manager: Manager, id: string): Promise<string> {
  const { db, secrets, nowMs } = manager
  const { policies, record } = await readToken(db, id)
  checkGrant(manager, policies, record)
  const value = newTokenValue(secrets.keyring)
  const secret = secretAccessKeyOf(value)
  const sealed = await secrets.keyring.seal(purposeOf(id), secret)
  const held = stillHeld(manager)
  const update = db
    .prepare(
      `UPDATE tokens SET sealed_secret = ?, value_digest = ?, modified_ms = ?
      WHERE id = ? AND policies = ? AND addresses IS ? AND ${held.sql}`,
    )
    .bind(sealed, valueDigestOf(secret), nowMs, id, JSON.stringify(policies), addressesJson(record.addresses), ...held.bindings)
  await change(manager, update, { action: 'RollToken', id })
  return value
}

/**
 * Deletes a token, its S3 credentials, and the temporary ones derived from them. Any token may delete itself.
 * @throws StoreError NoSuchToken, AccessDenied for a token with more rights than the manager holds
 */
export async function deleteToken(manager: Manager, id: string): Promise<void> {
  const { record, policies } = await readToken(manager.db, id)
  // The manager must hold the token's levels and buckets. Its expiry and its addresses do not matter: a deletion gives nobody more of
  // them.
  if (id !== manager.token.id) checkGrant(manager, policies, { expiresMs: 0, addresses: manager.token.addresses })
  const held = stillHeld(manager)
  const remove = manager.db
    .prepare(`DELETE FROM tokens WHERE id = ? AND policies = ? AND ${held.sql}`)
    .bind(id, JSON.stringify(policies), ...held.bindings)
  await change(manager, remove, { action: 'DeleteToken', id, oldValue: toAudit(record) })
}

interface AuditedChange {
  readonly action: AuditAction
  readonly id: string
  readonly oldValue?: unknown
  readonly newValue?: unknown
}

/**
 * Runs the change and writes its audit entry in one transaction. The statement matches the policies that were checked: if another manager
 * changed them after the check, it changes nothing, so a stronger token never reaches a manager who may only have the weaker one. The
 * statement also matches the manager's own rights.
 */
async function change(manager: Manager, statement: D1PreparedStatement, { id, ...audited }: AuditedChange): Promise<void> {
  const { db, config, finder, by, nowMs } = manager
  const entry = auditEntry({ ...audited, whenMs: nowMs, by, resource: { type: 'token', id } })
  const [changed] = await db.batch([statement, ...auditStatements(db, [entry], config.auditMs, { ifChanged: true })])
  finder.forget(id)
  if (changed?.meta.changes === 0) {
    if (!(await holds(db, stillHeld(manager)))) throw new StoreError('InvalidAccessToken')
    throw new StoreError('InvalidRequest', {
      status: 409,
      message: 'Somebody else has changed the token meanwhile. Read it again and retry.',
    })
  }
}

const holds = async (db: D1Database, { sql, bindings }: SqlCondition): Promise<boolean> =>
  (await db
    .prepare(`SELECT 1 AS held WHERE ${sql}`)
    .bind(...bindings)
    .first()) !== null

function compile(manager: Manager, { policies: given, expiresMs, notBeforeMs, addresses }: TokenAttributes): Policy[] {
  if (expiresMs !== undefined && expiresMs <= Math.max(manager.nowMs, notBeforeMs ?? 0)) {
    throw invalidArgument('expires_on must be in the future, and after not_before')
  }
  const policies = given.flatMap((policy) => compilePolicy(policy, manager.secrets.accountId))
  checkGrant(manager, policies, { expiresMs, addresses })
  return policies
}

/** Refuses to pass on rights that the manager lacks, for longer than the manager has them, or to addresses where the manager lacks them. */
function checkGrant(
  { token }: Manager,
  policies: readonly Policy[],
  { expiresMs = Number.POSITIVE_INFINITY, addresses }: Pick<TokenAttributes, 'expiresMs' | 'addresses'>,
): void {
  const inTime = expiresMs <= (token.expiresMs ?? Number.POSITIVE_INFINITY)
  if (inTime && mayGrantAddresses(token, addresses) && policies.every((policy) => mayGrant(token, policy))) return
  throw new StoreError('AccessDenied', { message: 'A token cannot grant more than it holds itself' })
}

async function readToken(db: D1Database, id: string): Promise<{ record: TokenRecord; policies: Policy[] }> {
  const row = await db.prepare('SELECT * FROM tokens WHERE id = ?').bind(id).first<TokenRow>()
  if (!row) throw new StoreError('NoSuchToken')
  return { record: recordOf(row), policies: JSON.parse(row.policies) as Policy[] }
}

const recordOf = (row: TokenRow): TokenRecord => ({
  id: row.id,
  name: row.name,
  policies: JSON.parse(row.document ?? '[]') as ShownPolicy[],
  notBeforeMs: row.not_before_ms ?? undefined,
  expiresMs: row.expires_ms ?? undefined,
  addresses: readAddresses(row.addresses),
  disabled: row.disabled !== 0,
  issuedMs: row.created_ms,
  modifiedMs: row.modified_ms ?? row.created_ms,
})

const toAudit = ({ name, policies, notBeforeMs, expiresMs, addresses, disabled }: TokenRecord) => ({
  name,
  policies,
  notBeforeMs,
  expiresMs,
  addresses,
  disabled,
})
