import { createHash, createHmac } from 'node:crypto'
import { LIMITS } from '../core/limits.ts'
import { JURISDICTIONS, type Jurisdiction } from '../core/object.ts'
import type { AccessKey } from './authenticate.ts'
import type { PolicyLevel } from './policies.ts'
import type { SessionScope } from './session-scope.ts'
import { sameText } from './signature.ts'

/** The longest life of temporary credentials: seven days. */
export const SESSION_MAX_SECONDS = 604_800

/** R2's names for the levels of temporary credentials. */
export const SESSION_LEVELS = {
  'admin-read-write': 'admin-read-write',
  'admin-read-only': 'admin-read',
  'object-read-write': 'object-read-write',
  'object-read-only': 'object-read',
} as const satisfies Record<string, PolicyLevel>

export type SessionPermission = keyof typeof SESSION_LEVELS

/** The claims of a session token, with R2's names. */
export interface SessionClaims {
  /** The account. */
  readonly sub?: string
  /** The access key id of the parent, which is also that of the temporary credentials. */
  readonly iss: string
  /** The endpoint. Its host may name a jurisdiction. */
  readonly aud?: string
  readonly iat?: number
  /** Not before this second. */
  readonly nbf?: number
  readonly exp: number
  /** A random text in credentials that are made here, so that all of them differ. */
  readonly jti?: string
  readonly bucket: string
  readonly scope: SessionPermission
  readonly actions?: readonly string[]
  readonly paths?: { readonly prefixPaths?: readonly string[]; readonly objectPaths?: readonly string[] }
  /** Cairn's own: on R2 the endpoint names the jurisdiction. */
  readonly jurisdiction?: Jurisdiction
}

/** Credentials in the form that clients use. */
export interface TemporaryCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** A session token with a valid signature of its parent. */
export interface Session {
  /** The id in the audit log: 32 hex digits, derived from the token. Nobody can make another token with the same id. */
  readonly id: string
  readonly secretAccessKey: string
  /** Absent when the claims are invalid or have expired. */
  readonly scope?: SessionScope
}

/** New credentials, and their id in the audit log. */
export interface MintedSession {
  readonly id: string
  readonly credentials: TemporaryCredentials
}

const PREFIX = 'jwt/'

/**
 * A member of the JWT's header, and so covered by its signature. With it, the temporary secret is derived from the token and the parent's
 * secret. Without it, the secret is derived from the token alone, as R2 documents for tokens that are signed locally. A URL that is
 * presigned with temporary credentials contains the token, and therefore, without this member, also gives the secret away.
 */
const SECRET_BY = 'secret-by'
const BY_PARENT = 'parent'

/** Makes credentials whose token does not reveal their secret. The parent's secret signs them, so any holder of it can make others. */
export function mintSession(claims: SessionClaims, parentSecret: string): MintedSession {
  const text = `${encode({ alg: 'HS256', typ: 'JWT', [SECRET_BY]: BY_PARENT })}.${encode(claims)}`
  const jwt = `${text}.${signatureOf(text, parentSecret)}`
  const sessionToken = Buffer.from(PREFIX + jwt).toString('base64')
  const secretAccessKey = secretByParent(jwt, parentSecret)
  return { id: idOf(jwt), credentials: { accessKeyId: claims.iss, secretAccessKey, sessionToken } }
}

/**
 * Verifies a session token with its parent's secret. Returns null when it is malformed or forged. A token that has expired, or makes
 * invalid claims, still has its secret, with which its requests were signed; only its scope is absent. The caller must check that the
 * parent is live and holds what the token grants.
 */
export function openSession(
  sessionToken: string,
  { secretAccessKey, token }: AccessKey,
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

/** Whether the claims are valid now. A token issued in the future could otherwise live longer than a week. */
function isLiving({ iat, nbf = 0, exp }: SessionClaims, seconds: number): boolean {
  const issued = iat ?? seconds
  const begun = nbf <= seconds && issued <= seconds + LIMITS.skewMs / 1000
  return begun && seconds < exp && exp - issued <= SESSION_MAX_SECONDS
}

/** Returns how the temporary secret is derived for a JWT with this header, or undefined for an unsupported header. */
function derivationOf(header: unknown): ((jwt: string, parentSecret: string) => string) | undefined {
  if (typeof header !== 'object' || header === null) return undefined
  const { alg, crit, [SECRET_BY]: by } = header as Record<string, unknown>
  // `crit` names members that must be understood. We support none, so the token is refused.
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
 * Reads the jurisdiction from an endpoint: both `<account>.eu.example.com` and `eu.s3.example.com` mean the European Union. Only the
 * first label, or the one after the account, counts: a `us` further on is part of somebody's domain. `eu` and `fedramp` count in any
 * place, as in earlier versions.
 */
function jurisdictionOf(aud = ''): Jurisdiction {
  const labels = aud.replace(/^https?:\/\//, '').split('.')
  const label = /^[0-9a-f]{32}$/.test(labels[0]!) ? labels[1] : labels[0]
  const anywhere = (['eu', 'fedramp'] as const).find((name) => labels.includes(name))
  return JURISDICTIONS.find((name) => name === label) ?? anywhere ?? 'default'
}

/** Decodes base64 of `jwt/` and the JWT. Returns an empty text for anything else. */
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

/** The known members of `paths`. A member of another name would limit nothing, so it is refused. */
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

/** As R2 documents it: anyone who sees the token can compute the secret. */
const secretByToken = (jwt: string): string => createHash('sha256').update(jwt).digest('hex')

const secretByParent = (jwt: string, parentSecret: string): string =>
  createHmac('sha256', parentSecret).update(`cairn/temporary-secret/${jwt}`).digest('hex')

/** Not the plain digest of the JWT, because that may be the secret. */
const idOf = (jwt: string): string => createHash('sha256').update(`cairn/session/${jwt}`).digest('hex').slice(0, 32)
