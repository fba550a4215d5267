import { createHash, createHmac } from 'node:crypto'
import { LIMITS } from '../core/limits.ts'
import { JURISDICTIONS, type Jurisdiction } from '../core/object.ts'
import type { Secret } from './authenticate.ts'
import type { PolicyLevel } from './policies.ts'
import type { SessionScope } from './session-scope.ts'
import { sameText } from './signature.ts'

/** The longest life of temporary credentials: seven days. */
export const SESSION_MAX_SECONDS = 604_800

/** R2's names of what temporary credentials may do. */
export const SESSION_LEVELS = {
  'admin-read-write': 'admin-read-write',
  'admin-read-only': 'admin-read',
  'object-read-write': 'object-read-write',
  'object-read-only': 'object-read',
} as const satisfies Record<string, PolicyLevel>

export type SessionPermission = keyof typeof SESSION_LEVELS

/** What a session token says, as R2 names it. */
export interface SessionClaims {
  /** The account. */
  readonly sub?: string
  /** The access key id of the parent, which is also that of the temporary credentials. */
  readonly iss: string
  /** The endpoint; its host may name a jurisdiction. */
  readonly aud?: string
  readonly iat?: number
  readonly exp: number
  readonly bucket: string
  readonly scope: SessionPermission
  readonly actions?: readonly string[]
  readonly paths?: { readonly prefixPaths?: readonly string[]; readonly objectPaths?: readonly string[] }
  /** Ours, since on R2 the endpoint says it. */
  readonly jurisdiction?: Jurisdiction
}

/** Credentials as a client uses them. */
export interface TemporaryCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** A session token that its parent did sign. */
export interface Session {
  readonly secretAccessKey: string
  /** Absent when what it claims does not hold, or no longer. */
  readonly scope?: SessionScope
}

const PREFIX = 'jwt/'
const HEADER = { alg: 'HS256', typ: 'JWT' }

/** Makes credentials out of a parent's secret, as any holder of it can: a JWT whose digest is the temporary secret. */
export function mintSession(claims: SessionClaims, parentSecret: string): TemporaryCredentials {
  const text = `${encode(HEADER)}.${encode(claims)}`
  const jwt = `${text}.${signatureOf(text, parentSecret)}`
  return { accessKeyId: claims.iss, secretAccessKey: secretOf(jwt), sessionToken: Buffer.from(PREFIX + jwt).toString('base64') }
}

/** The access key id of the parent that a session token claims; undefined when the text is no session token. Nothing is verified yet. */
export function claimedParent(sessionToken: string): string | undefined {
  const { iss } = (claimsOf(jwtOf(sessionToken)) ?? {}) as Partial<SessionClaims>
  return typeof iss === 'string' ? iss : undefined
}

/**
 * Verifies a session token with its parent's secret; null when it is not one, or was forged. One that is over, or says what it may not,
 * still has the secret that its requests were signed with. Whether the parent is live and holds what the token says is the caller's to check.
 */
export function openSession(
  sessionToken: string,
  { secretAccessKey, token }: Secret,
  { accountId, now }: { readonly accountId?: string; readonly now: number },
): Session | null {
  const jwt = jwtOf(sessionToken)
  const [header = '', payload = '', signature = '', ...rest] = jwt.split('.')
  if (rest.length > 0 || (decode(header) as { alg?: unknown } | undefined)?.alg !== 'HS256') return null
  if (!sameText(signatureOf(`${header}.${payload}`, secretAccessKey), signature)) return null
  const secret = secretOf(jwt)
  const claims = claimsOf(jwt)
  if (!isClaims(claims) || claims.iss !== token.id) return { secretAccessKey: secret }
  if (accountId !== undefined && (claims.sub ?? accountId) !== accountId) return { secretAccessKey: secret }
  return { secretAccessKey: secret, scope: isLiving(claims, Math.floor(now / 1000)) ? scopeOf(claims) : undefined }
}

/** One that says it was issued in the future would live longer than a week. */
function isLiving({ iat, exp }: SessionClaims, seconds: number): boolean {
  const issued = iat ?? seconds
  return seconds < exp && exp - issued <= SESSION_MAX_SECONDS && issued <= seconds + LIMITS.skewMs / 1000
}

function scopeOf({ bucket, scope, actions, paths, aud, jurisdiction }: SessionClaims): SessionScope {
  const limited = paths?.prefixPaths !== undefined || paths?.objectPaths !== undefined
  return {
    bucket: { jurisdiction: jurisdiction ?? jurisdictionOf(aud), name: bucket },
    level: SESSION_LEVELS[scope],
    actions,
    ...(limited ? { paths: { prefixes: paths.prefixPaths ?? [], objects: paths.objectPaths ?? [] } } : {}),
  }
}

/**
 * `<account>.eu.example.com` and `eu.s3.example.com` are places in the European Union. The label is the one before the endpoint: `us` further
 * on is part of somebody's domain. The first two names count wherever they stand, as they always did.
 */
function jurisdictionOf(aud = ''): Jurisdiction {
  const labels = aud.replace(/^https?:\/\//, '').split('.')
  const label = /^[0-9a-f]{32}$/.test(labels[0]!) ? labels[1] : labels[0]
  const anywhere = (['eu', 'fedramp'] as const).find((name) => labels.includes(name))
  return JURISDICTIONS.find((name) => name === label) ?? anywhere ?? 'default'
}

/** base64 of `jwt/` and the JWT; empty for anything else. */
function jwtOf(sessionToken: string): string {
  const text = Buffer.from(sessionToken, 'base64').toString()
  return text.startsWith(PREFIX) ? text.slice(PREFIX.length) : ''
}

const claimsOf = (jwt: string): unknown => decode(jwt.split('.')[1] ?? '')

function isClaims(value: unknown): value is SessionClaims {
  const { iss, exp, iat, bucket, scope, actions, paths, jurisdiction } = (value ?? {}) as Record<string, unknown>
  const { prefixPaths, objectPaths } = (paths ?? {}) as Record<string, unknown>
  return (
    typeof iss === 'string' &&
    Number.isFinite(exp) &&
    (iat === undefined || Number.isFinite(iat)) &&
    typeof bucket === 'string' &&
    typeof scope === 'string' &&
    Object.hasOwn(SESSION_LEVELS, scope) &&
    [actions, prefixPaths, objectPaths].every(isTexts) &&
    (paths === undefined || (typeof paths === 'object' && paths !== null)) &&
    (jurisdiction === undefined || JURISDICTIONS.includes(jurisdiction as Jurisdiction))
  )
}

const isTexts = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((item) => typeof item === 'string'))

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return undefined
  }
}

/** HMAC with the text of the secret as its key. */
const signatureOf = (text: string, secret: string): string => createHmac('sha256', secret).update(text).digest('base64url')

const secretOf = (jwt: string): string => createHash('sha256').update(jwt).digest('hex')
