import { createHash } from 'node:crypto'
import type { Secret } from '../auth/authenticate.ts'
import type { Policy } from '../auth/policies.ts'
import type { Secrets } from '../env.ts'

/** How long an isolate trusts what it read of a token: a revoked token works for that long at most. */
export const TOKEN_CACHE_MS = 30_000
const CACHED_TOKENS = 1000

export interface NewToken {
  /** 32 lowercase hex digits. */
  readonly id: string
  readonly value: string
  readonly name: string
  readonly policies: readonly Policy[]
  readonly notBeforeMs?: number
  readonly expiresMs?: number
}

type TokenRow = {
  id: string
  name: string
  sealed_secret: string
  policies: string
  not_before_ms: number | null
  expires_ms: number | null
}

/** The S3 secret of an API token, as on R2: the SHA-256 of its value, in lowercase hex. */
export const secretAccessKeyOf = (value: string): string => createHash('sha256').update(value).digest('hex')

/** Where the secret of a sealed row belongs: it opens in no other place. */
const purposeOf = (id: string): string => `token/${id}`

/** Stores a token; of its value only the S3 secret is kept, sealed with the master key. */
export async function createToken(db: D1Database, { keyring }: Secrets, token: NewToken, nowMs: number): Promise<void> {
  const sealed = await keyring.seal(purposeOf(token.id), secretAccessKeyOf(token.value))
  await db
    .prepare(`INSERT INTO tokens (id, name, sealed_secret, policies, not_before_ms, expires_ms, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)`)
    .bind(token.id, token.name, sealed, JSON.stringify(token.policies), token.notBeforeMs ?? null, token.expiresMs ?? null, nowMs)
    .run()
}

/** Finds secrets by access key id. One for each isolate, since it remembers them for {@link TOKEN_CACHE_MS}. */
export class TokenFinder {
  readonly #secrets: Secrets
  readonly #root: Secret
  readonly #cache = new Map<string, { readonly secret: Secret | null; readonly untilMs: number }>()

  constructor(secrets: Secrets) {
    this.#secrets = secrets
    this.#root = {
      secretAccessKey: secretAccessKeyOf(secrets.rootToken),
      token: { id: secrets.rootTokenId, name: 'root', policies: [{ level: 'admin-read-write' }] },
    }
  }

  /** The secret of an access key id; `null` when there is none. */
  async find(db: D1Database, accessKeyId: string, nowMs: number): Promise<Secret | null> {
    if (accessKeyId === this.#root.token.id) return this.#root
    const cached = this.#cache.get(accessKeyId)
    if (cached && nowMs < cached.untilMs) return cached.secret
    const secret = await this.#read(db, accessKeyId)
    this.#remember(accessKeyId, { secret, untilMs: nowMs + TOKEN_CACHE_MS })
    return secret
  }

  async #read(db: D1Database, id: string): Promise<Secret | null> {
    const row = await db.prepare('SELECT * FROM tokens WHERE id = ?').bind(id).first<TokenRow>()
    if (!row) return null
    return {
      secretAccessKey: await this.#secrets.keyring.open(purposeOf(id), row.sealed_secret),
      token: {
        id,
        name: row.name,
        policies: JSON.parse(row.policies) as Policy[],
        notBeforeMs: row.not_before_ms ?? undefined,
        expiresMs: row.expires_ms ?? undefined,
      },
    }
  }

  /** Unknown ids are remembered too, so the map is bounded: the oldest entry makes room. */
  #remember(id: string, entry: { secret: Secret | null; untilMs: number }): void {
    this.#cache.delete(id)
    if (this.#cache.size >= CACHED_TOKENS) this.#cache.delete(this.#cache.keys().next().value as string)
    this.#cache.set(id, entry)
  }
}
