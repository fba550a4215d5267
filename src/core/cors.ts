import { Buffer } from 'node:buffer'
import { StoreError } from './errors.ts'

/** One rule of a bucket's CORS configuration. */
export interface CorsRule {
  readonly id?: string
  readonly allowedOrigins: readonly string[]
  readonly allowedMethods: readonly string[]
  readonly allowedHeaders: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly maxAgeSeconds?: number
}

/** A cross-origin request; `requestHeaders` are the names that a preflight asks for. */
export interface CorsRequest {
  readonly origin: string
  readonly method: string
  readonly requestHeaders?: readonly string[]
}

/** The rule that matches a request, and the value of `Access-Control-Allow-Origin`: the origin, or `*` if the pattern `*` allowed it. */
export interface CorsMatch {
  readonly rule: CorsRule
  readonly allowOrigin: string
}

export const CORS_METHODS: readonly string[] = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']

/** As on AWS. */
const MOST_RULES = 100
const ID_LENGTH = 255
/** A browser may cache a preflight for a day at most. */
const MAX_AGE_SECONDS = 86_400
/** The length of all rules as JSON, which is S3's limit. Every isolate caches the rules of many buckets. */
const MOST_BYTES = 64 * 1024

/** `scheme://host` with an optional port. Any scheme is valid, since apps have their own (`capacitor://localhost`). */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._~*-]+)(?::\d{1,5})?$/i

/** A header name, which may contain `*`. */
const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/i

/**
 * Refuses a configuration that R2 would refuse, or that is too long.
 * @throws StoreError `MalformedXML`
 */
export function checkCorsRules(rules: readonly CorsRule[]): void {
  checkStoredCorsRules(rules)
  const bytes = Buffer.byteLength(JSON.stringify(rules))
  if (bytes <= MOST_BYTES) return
  throw new StoreError('MalformedXML', {
    message: `The CORS rules are too long. ${MOST_BYTES} bytes are allowed, these are ${bytes}.`,
  })
}

/**
 * Refuses a configuration that R2 would refuse. Its length does not matter: earlier versions accepted any.
 * @throws StoreError `MalformedXML`
 */
export function checkStoredCorsRules(rules: readonly CorsRule[]): void {
  const counted = rules.length >= 1 && rules.length <= MOST_RULES
  if (!counted || !rules.every(isValidRule)) throw new StoreError('MalformedXML')
}

function isValidRule(rule: CorsRule): boolean {
  const { id = '', allowedOrigins, allowedMethods, allowedHeaders, exposeHeaders, maxAgeSeconds = 0 } = rule
  return (
    id.length <= ID_LENGTH &&
    allowedOrigins.length > 0 &&
    allowedOrigins.every(isValidOrigin) &&
    allowedMethods.length > 0 &&
    allowedMethods.every((method) => CORS_METHODS.includes(method)) &&
    allowedHeaders.every((name) => TOKEN.test(name) && hasOneWildcard(name)) &&
    exposeHeaders.every((name) => TOKEN.test(name)) &&
    Number.isInteger(maxAgeSeconds) &&
    maxAgeSeconds >= 0 &&
    maxAgeSeconds <= MAX_AGE_SECONDS
  )
}

const isValidOrigin = (origin: string): boolean => origin === '*' || (ORIGIN.test(origin) && hasOneWildcard(origin))

/** At most one `*`, so that a match only compares a prefix and a suffix. */
const hasOneWildcard = (pattern: string): boolean => pattern.indexOf('*') === pattern.lastIndexOf('*')

/** The first rule that allows the origin, the method and every requested header; `undefined` when none does. */
export function matchCors(rules: readonly CorsRule[], request: CorsRequest): CorsMatch | undefined {
  const names = new Set(request.requestHeaders?.map((name) => name.toLowerCase()))
  for (const rule of rules) {
    const origin = rule.allowedOrigins.find((pattern) => matchesPattern(pattern, request.origin))
    if (origin === undefined || !rule.allowedMethods.includes(request.method) || !allowsHeaders(rule, names)) continue
    return { rule, allowOrigin: origin === '*' ? '*' : request.origin }
  }
  return undefined
}

/** Looks up exact names in a set, so that many requested names against many allowed names stay cheap. */
function allowsHeaders(rule: CorsRule, names: ReadonlySet<string>): boolean {
  if (names.size === 0) return true
  const patterns = rule.allowedHeaders.map((pattern) => pattern.toLowerCase())
  const exact = new Set(patterns)
  const wildcards = patterns.filter((pattern) => pattern.includes('*'))
  return [...names].every((name) => exact.has(name) || wildcards.some((pattern) => matchesPattern(pattern, name)))
}

/** `*` stands for any number of characters, including none. */
function matchesPattern(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === text
  const suffix = pattern.slice(star + 1)
  return text.length >= star + suffix.length && text.startsWith(pattern.slice(0, star)) && text.endsWith(suffix)
}
