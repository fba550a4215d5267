import { createHash } from 'node:crypto'
import type { AddressLimit } from '../auth/addresses.ts'
import type { AccessKey } from '../auth/authenticate.ts'
import type { Policy } from '../auth/policies.ts'
import { sameText } from '../auth/signature.ts'
import type { Secrets } from '../config.ts'
import { rethrowUnavailable, StoreError } from '../core/errors.ts'
import { type Asker, KnownNames, TRUSTED } from '../core/known-names.ts'
import { isOurTokenId, isOurTokenValue } from './own-tokens.ts'
import type { SqlCondition } from './still-held.ts'

/** How long an isolate caches a token. A revoked token works for at most this long, as long as CONTROL answers. */
export const TOKEN_CACHE_MS = 30_000

/**
 * How much longer a cached token works while CONTROL does not answer. Nobody can revoke a token during that time. A token that was
 * revoked less than {@link TOKEN_CACHE_MS} before the outage keeps working in an isolate that had cached it earlier.
 */
export const TOKEN_OUTAGE_MS = 10 * 60_000

/** Memory for tokens and their policies, enough for thousands of usual ones. */
const CACHE_BYTES = 4 * 1024 * 1024

/** Longer than any value that we ever made, and than any likely root token. */
const VALUE_MAX = 512

const TOKEN_ID = /^[0-9a-f]{32}$/

export interface NewToken {
  /** 32 lowercase hex digits. */
  readonly id: string
  readonly value: string
  readonly name: string
  readonly policies: readonly Policy[]
  /** The policies in the form that the REST API returns. */
  readonly document?: readonly unknown[]
  readonly notBeforeMs?: number
  readonly expiresMs?: number
  readonly addresses?: AddressLimit
  readonly disabled?: boolean
}

interface LookUp {
  readonly column: 'id' | 'value_digest'
  readonly key: string
  readonly nowMs: number
  readonly asker: Asker
}

type TokenRow = {
  id: string
  name: string
  sealed_secret: string
  policies: string
  not_before_ms: number | null
  expires_ms: number | null
  addresses: string | null
  disabled: number
}

/** Returns the S3 secret of an API token. As on R2, it is the SHA-256 of the token's value, in lowercase hex. */
export const secretAccessKeyOf = (value: string): string => createHash('sha256').update(value).digest('hex')

/** Returns the digest that finds a token by its secret alone. Values are long and random, so the digest does not reveal them. */
export const valueDigestOf = (secretAccessKey: string): string =>
  createHash('sha256').update(`cairn/token-value/${secretAccessKey}`).digest('hex')

/** Returns the purpose that a token's secret is sealed for. A sealed secret does not open for any other row. */
export const purposeOf = (id: string): string => `token/${id}`

/** The column of a token's limit to addresses. A statement compares it with the limit that was read: the same value has the same text. */
export const addressesJson = (addresses: AddressLimit | undefined): string | null =>
  addresses === undefined ? null : JSON.stringify(addresses)

export const readAddresses = (json: string | null): AddressLimit | undefined => (json ? JSON.parse(json) : undefined)

/** Returns the statement that stores a token if a condition holds. Of the value only the S3 secret is kept, sealed with the master key. */
export async function insertTokenStatement(
  db: D1Database,
  { keyring }: Secrets,
  token: NewToken,
  nowMs: number,
  onlyIf: SqlCondition = { sql: 'true', bindings: [] },
): Promise<D1PreparedStatement> {
  const { id, name, value, policies, document, notBeforeMs, expiresMs, addresses, disabled } = token
  const secret = secretAccessKeyOf(value)
  const columns = {
    id,
    name,
    sealed_secret: await keyring.seal(purposeOf(id), secret),
    value_digest: valueDigestOf(secret),
    policies: JSON.stringify(policies),
    document: document === undefined ? null : JSON.stringify(document),
    not_before_ms: notBeforeMs ?? null,
    expires_ms: expiresMs ?? null,
    created_ms: nowMs,
    addresses: addressesJson(addresses),
    disabled: disabled ? 1 : 0,
  }
  const names = Object.keys(columns)
  const insert = `INSERT INTO tokens (${names.join(', ')}) SELECT ${names.map(() => '?').join(', ')} WHERE ${onlyIf.sql}`
  return db.prepare(insert).bind(...Object.values(columns), ...onlyIf.bindings)
}

/** Returns the statement that seals a token's secret with the current master key, unless the token got another secret meanwhile. */
export async function resealStatement(
  db: D1Database,
  { keyring }: Pick<Secrets, 'keyring'>,
  token: { readonly id: string; readonly sealed: string; readonly secret: string },
): Promise<D1PreparedStatement> {
  const { id, sealed, secret } = token
  const statement = db.prepare('UPDATE tokens SET sealed_secret = ? WHERE id = ? AND sealed_secret = ?')
  return statement.bind(await keyring.seal(purposeOf(id), secret), id, sealed)
}

/** Stores a token directly, without a request to the API. */
export async function createToken(db: D1Database, secrets: Secrets, token: NewToken, nowMs: number): Promise<void> {
  await (await insertTokenStatement(db, secrets, token, nowMs)).run()
}

/** Exempts a client from the limit on strangers if it shows an id or a value of ours. The check costs an HMAC; a cached name skips it. */
const exempt = (asker: Asker, isOurs: () => boolean): Asker => ({
  admit: () => (isOurs() ? undefined : asker.admit()),
  found: () => asker.found(),
  miss: async () => (isOurs() ? undefined : asker.miss()),
})

/** Finds secrets by access key id or by a token's value. There is one per isolate, because it caches them for {@link TOKEN_CACHE_MS}. */
export class TokenFinder {
  readonly #secrets: Secrets
  readonly #root: AccessKey
  readonly #known = new KnownNames<AccessKey>({
    freshMs: TOKEN_CACHE_MS,
    staleMs: TOKEN_OUTAGE_MS,
    maxBytes: CACHE_BYTES,
    sizeOf: (secret) => 2 * JSON.stringify(secret).length,
    onOutage: (_, error) => console.error('CONTROL does not answer, the cached row of a token is used:', error),
  })

  constructor(secrets: Secrets) {
    this.#secrets = secrets
    this.#root = {
      secretAccessKey: secretAccessKeyOf(secrets.rootToken),
      token: { id: secrets.rootTokenId, name: 'root', policies: [{ level: 'admin-read-write' }], root: true },
    }
  }

  /**
   * Returns the secret of an access key id; `null` if it does not exist.
   * @param asker the sender, whose look-ups of unknown ids are limited; without it there is no limit
   * @throws StoreError TooManyRequests; ServiceUnavailable when the id is not cached and CONTROL does not answer
   */
  async find(db: D1Database, accessKeyId: string, nowMs: number, asker = TRUSTED): Promise<AccessKey | null> {
    if (accessKeyId === this.#root.token.id) return this.#root
    if (!TOKEN_ID.test(accessKeyId)) return null
    const isOurs = () => isOurTokenId(this.#secrets.keyring, accessKeyId)
    return this.#lookUp(db, { column: 'id', key: accessKeyId, nowMs, asker: exempt(asker, isOurs) })
  }

  /**
   * Returns the secret of the token with this value; `null` if there is none.
   * @param asker as for {@link find}
   * @throws StoreError as {@link find}
   */
  async findByValue(db: D1Database, value: string, nowMs: number, asker = TRUSTED): Promise<AccessKey | null> {
    const secretAccessKey = secretAccessKeyOf(value)
    if (sameText(secretAccessKey, this.#root.secretAccessKey)) return this.#root
    if (value.length > VALUE_MAX) return null
    const isOurs = () => isOurTokenValue(this.#secrets.keyring, value)
    const key = valueDigestOf(secretAccessKey)
    const found = await this.#lookUp(db, { column: 'value_digest', key, nowMs, asker: exempt(asker, isOurs) })
    return found && sameText(found.secretAccessKey, secretAccessKey) ? found : null
  }

  /** Removes a token from the cache, and all unknown names, so that this isolate sees its own changes at once. */
  forget(id: string): void {
    this.#known.forgetWhere(({ token }) => token.id === id)
  }

  #lookUp(db: D1Database, { column, key, nowMs, asker }: LookUp): Promise<AccessKey | null> {
    return this.#known.find(`${column}/${key}`, nowMs, () => this.#read(db, column, key), asker)
  }

  async #read(db: D1Database, column: 'id' | 'value_digest', key: string): Promise<AccessKey | null> {
    const query = db.prepare(`SELECT * FROM tokens WHERE ${column} = ? AND disabled = 0`).bind(key)
    const row = await query.first<TokenRow>().catch(rethrowUnavailable)
    const secretAccessKey = row && (await this.#open(row))
    if (!secretAccessKey) return null
    if (!this.#secrets.keyring.isPresent(row.sealed_secret)) await this.#reseal(db, row, secretAccessKey)
    return {
      secretAccessKey,
      token: {
        id: row.id,
        name: row.name,
        policies: JSON.parse(row.policies) as Policy[],
        notBeforeMs: row.not_before_ms ?? undefined,
        expiresMs: row.expires_ms ?? undefined,
        addresses: readAddresses(row.addresses),
      },
    }
  }

  /** Opens a token's secret. To clients, a token whose secret does not open looks like an unknown one. The log says why. */
  async #open({ id, sealed_secret: sealed }: TokenRow): Promise<string | null> {
    try {
      return await this.#secrets.keyring.open(purposeOf(id), sealed)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      console.error(`The API token ${id} cannot be used: ${error.message}`)
      return null
    }
  }

  /** Seals the secret of a token that was just read, after a change of the master key. If it fails, the next read tries again. */
  async #reseal(db: D1Database, { id, sealed_secret: sealed }: TokenRow, secret: string): Promise<void> {
    try {
      await (await resealStatement(db, this.#secrets, { id, sealed, secret })).run()
    } catch (error) {
      console.warn(`The API token ${id} could not be sealed with the current master key and stays under an old one:`, error)
    }
  }
}
