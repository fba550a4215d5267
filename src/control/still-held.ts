import type { Secret } from '../auth/authenticate.ts'
import { valueDigestOf } from './tokens.ts'

/** What a statement of the control database depends on. */
export interface SqlCondition {
  readonly sql: string
  readonly bindings: readonly (string | number | null)[]
}

/**
 * Holds while a token is what it was when its rights were read. An isolate may know it from half a minute ago: whoever grants in its name
 * asks again, in the transaction of the grant, so that no one grants what was revoked, weakened or rolled meanwhile.
 */
export function stillHeld({ secretAccessKey, token }: Secret): SqlCondition {
  if (token.root) return { sql: 'true', bindings: [] }
  const { id, policies, notBeforeMs = null, expiresMs = null } = token
  return {
    // Tokens of the first version have no digest, and were never given another value.
    sql: `EXISTS (SELECT 1 FROM tokens AS maker WHERE maker.id = ? AND maker.disabled = 0 AND maker.policies = ?
      AND maker.not_before_ms IS ? AND maker.expires_ms IS ? AND coalesce(maker.value_digest, ?) = ?)`,
    bindings: [id, JSON.stringify(policies), notBeforeMs, expiresMs, valueDigestOf(secretAccessKey), valueDigestOf(secretAccessKey)],
  }
}
