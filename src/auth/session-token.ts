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
  /** Not before this second. */
  readonly nbf?: number
  readonly exp: number
  /** Of credentials that are made here: random, so that no two are the same. */
  readonly jti?: string
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
  /** What the audit log calls it: 32 hex digits that follow from the token. Nobody can make another token of the same id. */
  readonly id: string
  readonly secretAccessKey: string
  /** Absent when what it claims does not hold, or no longer. */
  readonly scope?: SessionScope
}

/** Credentials, and the id by which the audit log knows them. */
export interface MintedSession {
  readonly id: string
  readonly credentials: TemporaryCredentials
}

const PREFIX = 'jwt/'

/**
 * A member of the JWT's header, signed with the rest of it: with it, the temporary secret follows from the token and the secret of its
 * parent; without it, from the token alone, as R2 documents it for tokens that are signed locally. A URL presigned with temporary
 * credentials shows the token, and so, without it, the secret.
 */
const SECRET_BY = 'secret-by'
const BY_PARENT = 'parent'

/** Makes credentials whose secret does not follow from their token. The parent's secret signs them, as any holder of it can sign others. */
export function mintSession(claims: SessionClaims, parentSecret: string): MintedSession {
  const text = `${encode({ alg: 'HS256', typ: 'JWT', [SECRET_BY]: BY_PARENT })}.${encode(claims)}`
  const jwt = `${text}.${signatureOf(text, parentSecret)}`
  const sessionToken = Buffer.from(PREFIX + jwt).toString('base64')
  const secretAccessKey = secretByParent(jwt, parentSecret)
  return { id: idOf(jwt), credentials: { accessKeyId: claims.iss, secretAccessKey, sessionToken } }
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
  const derive = rest.length > 0 ? undefined : derivationOf(decode(header))
  if (!derive || !sameText(signatureOf(`${header}.${payload}`, secretAccessKey), signature)) return null
  const session = { id: idOf(jwt), secretAccessKey: derive(jwt, secretAccessKey) }
  const claims = claimsOf(jwt)
  if (!isClaims(claims) || claims.iss !== token.id) return session
  if (accountId !== undefined && (claims.sub ?? accountId) !== accountId) return session
  return { ...session, scope: isLiving(claims, Math.floor(now / 1000)) ? scopeOf(claims) : undefined }
}

/** One that says it was issued in the future would live longer than a week. */
function isLiving({ iat, nbf = 0, exp }: SessionClaims, seconds: number): boolean {
  const issued = iat ?? seconds
  const begun = nbf <= seconds && issued <= seconds + LIMITS.skewMs / 1000
  return begun && seconds < exp && exp - issued <= SESSION_MAX_SECONDS
}

/** How the temporary secret follows from a JWT with this header; undefined for a header that is not understood. */
function derivationOf(header: unknown): ((jwt: string, parentSecret: string) => string) | undefined {
  if (typeof header !== 'object' || header === null) return undefined
  const { alg, crit, [SECRET_BY]: by } = header as Record<string, unknown>
  // `crit` names members that must be understood, and nothing of the kind is.
  if (alg !== 'HS256' || crit !== undefined) return undefined
  if (by === undefined) return secretByToken
  return by === BY_PARENT ? secretByParent : undefined
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
  const { iss, exp, iat, nbf, bucket, scope, actions, paths, jurisdiction } = (value ?? {}) as Record<string, unknown>
  const { prefixPaths, objectPaths } = (paths ?? {}) as Record<string, unknown>
  return (
    typeof iss === 'string' &&
    Number.isFinite(exp) &&
    [iat, nbf].every((time) => time === undefined || Number.isFinite(time)) &&
    typeof bucket === 'string' &&
    typeof scope === 'string' &&
    Object.hasOwn(SESSION_LEVELS, scope) &&
    [actions, prefixPaths, objectPaths].every(isTexts) &&
    (paths === undefined || isOnlyOf(paths, PATHS_MEMBERS)) &&
    (jurisdiction === undefined || JURISDICTIONS.includes(jurisdiction as Jurisdiction))
  )
}

/** Paths in a member of another name would limit nothing. */
const PATHS_MEMBERS = ['prefixPaths', 'objectPaths']

const isOnlyOf = (value: unknown, members: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).every((name) => members.includes(name))

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

/** As R2 documents it: whoever sees the token has the secret. */
const secretByToken = (jwt: string): string => createHash('sha256').update(jwt).digest('hex')

const secretByParent = (jwt: string, parentSecret: string): string =>
  createHmac('sha256', parentSecret).update(`cairn/temporary-secret/${jwt}`).digest('hex')

/** Not the plain digest of the JWT, which may be the secret. */
const idOf = (jwt: string): string => createHash('sha256').update(`cairn/session/${jwt}`).digest('hex').slice(0, 32)
