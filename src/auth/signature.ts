import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Credential } from './credential.ts'

interface DayKey {
  readonly secret: string
  readonly key: Uint8Array
}

/** The most day keys in the cache. Each costs four HMACs. An isolate serves few credentials, so the oldest are evicted. */
const MAX_DAY_KEYS = 256
const dayKeys = new Map<string, DayKey>()

/** Returns the signing key of a credential for one day and region. Cached until the secret changes. */
export function signingKey(secret: string, { accessKeyId, date, region }: Credential): Uint8Array {
  const name = `${accessKeyId}/${date}/${region}`
  const known = dayKeys.get(name)
  if (known?.secret === secret) return known.key
  const key = [date, region, 's3', 'aws4_request'].reduce<Uint8Array>(hmac, Buffer.from(`AWS4${secret}`))
  cacheKey(name, { secret, key })
  return key
}

/** Returns the text that a request's signature signs. */
export function stringToSign({ amzDate, scope, canonicalHash }: { amzDate: string; scope: string; canonicalHash: string }): string {
  return ['AWS4-HMAC-SHA256', amzDate, scope, canonicalHash].join('\n')
}

/** Returns a signature in lowercase hex. */
export const sign = (key: Uint8Array, text: string): string => createHmac('sha256', key).update(text).digest('hex')

/** Returns the SHA-256 in lowercase hex. */
export const sha256Hex = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

/** Compares two texts in constant time. The time only reveals whether their lengths differ. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

const hmac = (key: Uint8Array, text: string): Uint8Array => createHmac('sha256', key).update(text).digest()

function cacheKey(name: string, dayKey: DayKey): void {
  dayKeys.delete(name)
  for (const oldest of dayKeys.keys()) {
    if (dayKeys.size < MAX_DAY_KEYS) break
    dayKeys.delete(oldest)
  }
  dayKeys.set(name, dayKey)
}
