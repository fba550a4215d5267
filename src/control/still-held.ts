import type { AccessKey } from '../auth/authenticate.ts'
import { addressesJson, valueDigestOf } from './tokens.ts'

/** A condition for a statement on the control database. */
export interface SqlCondition {
  readonly sql: string
  readonly bindings: readonly (string | number | null)[]
}

/**
 * Returns a condition that holds while a token is still the one whose rights were read. An isolate may have cached the token half a
 * minute ago. So a grant in the token's name checks again, in its own transaction. Otherwise it could pass on rights after somebody has
 * revoked, weakened or rolled the token.
 */
export function stillHeld({ secretAccessKey, token }: AccessKey): SqlCondition {
  if (token.root) return { sql: 'true', bindings: [] }
  const { id, policies, notBeforeMs = null, expiresMs = null, addresses } = token
  return {
    // Tokens of the first version have no digest. They never got another value.
    sql: `EXISTS (SELECT 1 FROM tokens AS maker WHERE maker.id = ? AND maker.disabled = 0 AND maker.policies = ?
      AND maker.not_before_ms IS ? AND maker.expires_ms IS ? AND maker.addresses IS ?
      AND coalesce(maker.value_digest, ?) = ?)`,
    bindings: [
      id,
      JSON.stringify(policies),
      notBeforeMs,
      expiresMs,
      addressesJson(addresses),
      valueDigestOf(secretAccessKey),
      valueDigestOf(secretAccessKey),
    ],
  }
}
