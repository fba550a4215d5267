import type { Conditions, EtagList } from './object.ts'

/** `failed` is 412; `not-modified` is 304 on a read and 412 on anything else. */
export type Verdict = 'ok' | 'failed' | 'not-modified'

/** The properties of an object that conditions are compared with. */
export interface ConditionTarget {
  readonly etag: string
  readonly uploadedMs: number
}

/**
 * Evaluates all conditions on an object, or on its absence. `failed` takes precedence over `not-modified`.
 * `If-Match` overrides `If-Unmodified-Since`, and `If-None-Match` overrides `If-Modified-Since`.
 */
export function evaluateConditions({ also, ...conditions }: Conditions, object: ConditionTarget | null): Verdict {
  const verdict = evaluateSet(conditions, object)
  return verdict === 'ok' && also ? evaluateConditions(also, object) : verdict
}

function evaluateSet(conditions: Conditions, object: ConditionTarget | null): Verdict {
  if (object === null) return evaluateOnAbsence(conditions)
  const { ifMatch, ifNoneMatch } = conditions

  const unchanged = ifMatch === undefined ? isUnmodified(conditions, object.uploadedMs) : matchesStrongly(ifMatch, object.etag)
  if (!unchanged) return 'failed'

  const changed = ifNoneMatch === undefined ? isModified(conditions, object.uploadedMs) : !matchesWeakly(ifNoneMatch, object.etag)
  return changed ? 'ok' : 'not-modified'
}

/** No object: `If-Match` fails and `If-Modified-Since` is 304. On R2, no other header overrides either of them here. */
function evaluateOnAbsence({ ifMatch, ifModifiedSinceMs }: Conditions): Verdict {
  if (ifMatch !== undefined) return 'failed'
  return ifModifiedSinceMs === undefined ? 'ok' : 'not-modified'
}

function isModified({ ifModifiedSinceMs, secondsGranularity }: Conditions, uploadedMs: number): boolean {
  if (ifModifiedSinceMs === undefined) return true
  return comparable(ifModifiedSinceMs, secondsGranularity) < comparable(uploadedMs, secondsGranularity)
}

/**
 * R2's engine requires a time strictly before the limit, and the binding shows that. An HTTP client sends back the `Last-Modified` that it
 * received, and RFC 9110 accepts that time; so equality passes for conditions from headers, which have `secondsGranularity`.
 */
function isUnmodified({ ifUnmodifiedSinceMs, secondsGranularity, strictlyBefore }: Conditions, uploadedMs: number): boolean {
  if (ifUnmodifiedSinceMs === undefined) return true
  const uploaded = comparable(uploadedMs, secondsGranularity)
  const limit = comparable(ifUnmodifiedSinceMs, secondsGranularity)
  return secondsGranularity && !strictlyBefore ? uploaded <= limit : uploaded < limit
}

const comparable = (ms: number, secondsGranularity = false): number => (secondsGranularity ? Math.floor(ms / 1000) : ms)

const matchesStrongly = (tags: EtagList, etag: string): boolean => tags === '*' || tags.some((tag) => !tag.weak && tag.etag === etag)

const matchesWeakly = (tags: EtagList, etag: string): boolean => tags === '*' || tags.some((tag) => tag.etag === etag)
