import type { Secrets } from '../config.ts'
import { StoreError } from '../core/errors.ts'
import type { TokenRotationReport } from '../core/maintenance.ts'
import type { Step } from '../core/step.ts'
import { resealCanary } from './deployment.ts'
import { purposeOf, resealStatement } from './tokens.ts'

const TOKENS_PER_STEP = 100

type RotationStep = Step<string, TokenRotationReport>

/** Seals the secrets of API tokens with the current master key, one bounded step at a time. The next step starts behind a token's id. */
export async function rotateTokens(db: D1Database, { keyring }: Pick<Secrets, 'keyring'>, after = ''): Promise<RotationStep> {
  if (after === '') await resealCanary(db, { keyring })
  const query = db.prepare('SELECT id, sealed_secret AS sealed FROM tokens WHERE id > ? ORDER BY id LIMIT ?').bind(after, TOKENS_PER_STEP)
  const { results: tokens } = await query.all<{ id: string; sealed: string }>()
  const updates: D1PreparedStatement[] = []
  const lost: string[] = []
  for (const { id, sealed } of tokens.filter((token) => !keyring.isPresent(token.sealed))) {
    const secret = await keyring.open(purposeOf(id), sealed).catch(onlyLostKeys)
    if (secret === null) lost.push(id)
    else updates.push(await resealStatement(db, { keyring }, { id, sealed, secret }))
  }
  if (updates.length > 0) await db.batch(updates)
  const last = tokens.length === TOKENS_PER_STEP ? tokens.at(-1) : undefined
  return { report: { checked: tokens.length, resealed: updates.length, lost }, next: last?.id }
}

function onlyLostKeys(error: unknown): null {
  if (error instanceof StoreError) return null
  throw error
}
