import { type Cipher, type Domain, isHostName, isManagedId, type TlsVersion } from '../core/domain.ts'
import { unavailable } from '../core/errors.ts'
import { type Asker, KnownNames, type KnownNamesOptions } from '../core/known-names.ts'
import type { BucketRef, Jurisdiction } from '../core/object.ts'

/** How long an isolate caches a host. Within that time a change of a domain takes effect everywhere, as long as CONTROL answers. */
export const DOMAIN_CACHE_MS = 30_000

/** How much longer a cached host is used while CONTROL does not answer. */
export const DOMAIN_OUTAGE_MS = 10 * 60_000

/** Memory for attached hosts, enough for thousands of them. */
const CACHE_BYTES = 2 * 1024 * 1024

type DomainRow = {
  host: string
  kind: Domain['kind']
  jurisdiction: Jurisdiction
  bucket: string
  enabled: number
  min_tls: TlsVersion | null
  ciphers: string | null
  zone_id: string | null
  created_ms: number
  seen_ms: number | null
  seen_tls_ms: number | null
}

/** One cache per database binding, so one per isolate. */
const caches = new WeakMap<D1Database, KnownNames<Domain>>()

function cacheOf(db: D1Database): KnownNames<Domain> {
  const cache = caches.get(db) ?? new KnownNames(CACHE)
  caches.set(db, cache)
  return cache
}

const CACHE: KnownNamesOptions<Domain> = {
  freshMs: DOMAIN_CACHE_MS,
  staleMs: DOMAIN_OUTAGE_MS,
  maxBytes: CACHE_BYTES,
  sizeOf: (domain) => 2 * JSON.stringify(domain).length,
  onOutage: (host, error) => console.error(`The look-up of the domain ${host} failed, its cached row is used:`, error),
}

/**
 * Returns the domain of a host, or of the id of a managed URL; `null` for one that is not attached, and for text that is neither. The
 * result may be {@link DOMAIN_CACHE_MS} old, and {@link DOMAIN_OUTAGE_MS} more while the database does not answer.
 * @param asker the sender, whose look-ups of unknown hosts are limited; without it there is no limit
 * @throws StoreError TooManyRequests; ServiceUnavailable when the host is not cached and the database does not answer
 */
export async function findDomain(db: D1Database, host: string, nowMs: number, asker?: Asker): Promise<Domain | null> {
  if (!isHostName(host) && !isManagedId(host)) return null
  return cacheOf(db).find(host, nowMs, () => readDomain(db, host), asker)
}

async function readDomain(db: D1Database, host: string): Promise<Domain | null> {
  try {
    const row = await db.prepare('SELECT * FROM domains WHERE host = ?').bind(host).first<DomainRow>()
    return row && domainOf(row)
  } catch (error) {
    throw unavailable(error)
  }
}

/** Clears the cache of hosts, so that this isolate sees its own changes at once. */
export const forgetDomains = (db: D1Database): void => cacheOf(db).forgetWhere(() => true)

/** Returns the custom domains of a bucket, by host. */
export async function listCustomDomains(db: D1Database, { jurisdiction, name }: BucketRef): Promise<Domain[]> {
  const query = db.prepare("SELECT * FROM domains WHERE jurisdiction = ? AND bucket = ? AND kind = 'custom' ORDER BY host")
  return (await query.bind(jurisdiction, name).all<DomainRow>()).results.map(domainOf)
}

/** Returns the managed URL of a bucket; `null` if nobody has asked for it yet. */
export async function readManagedDomain(db: D1Database, { jurisdiction, name }: BucketRef): Promise<Domain | null> {
  const query = db.prepare("SELECT * FROM domains WHERE jurisdiction = ? AND bucket = ? AND kind = 'managed'")
  const row = await query.bind(jurisdiction, name).first<DomainRow>()
  return row && domainOf(row)
}

/** Returns a custom domain of a bucket; `null` if the bucket has none of that name. */
export async function readCustomDomain(db: D1Database, { jurisdiction, name }: BucketRef, host: string): Promise<Domain | null> {
  const query = db.prepare("SELECT * FROM domains WHERE host = ? AND jurisdiction = ? AND bucket = ? AND kind = 'custom'")
  const row = await query.bind(host, jurisdiction, name).first<DomainRow>()
  return row && domainOf(row)
}

/** Whether this request is the first for a custom domain that reaches us, or the first over TLS. */
export const isFirstSeen = ({ kind, seenMs, seenTlsMs }: Domain, tls: boolean): boolean =>
  kind === 'custom' && (seenMs === undefined || (tls && seenTlsMs === undefined))

/**
 * Records that a request for a custom domain arrived. This proves that the domain is routed here and, over TLS, that its certificate works.
 */
export async function noteSeen(db: D1Database, domain: Domain, tls: boolean, nowMs: number): Promise<void> {
  const { host, createdMs, seenMs = nowMs, seenTlsMs = tls ? nowMs : undefined } = domain
  cacheOf(db).update(host, (known) => ({ ...known, seenMs, seenTlsMs }))
  await db
    .prepare('UPDATE domains SET seen_ms = coalesce(seen_ms, ?), seen_tls_ms = coalesce(seen_tls_ms, ?) WHERE host = ? AND created_ms = ?')
    .bind(nowMs, tls ? nowMs : null, host, createdMs)
    .run()
}

/** Returns the statement that deletes the domains of a deleted bucket, for the batch that removes it from the index. */
export const detachStatement = (db: D1Database, { jurisdiction, name }: BucketRef): D1PreparedStatement =>
  db.prepare('DELETE FROM domains WHERE jurisdiction = ? AND bucket = ?').bind(jurisdiction, name)

/** Does the same for an earlier bucket of that name, in case its deletion did not get as far as this. */
export const detachEarlierStatement = (
  db: D1Database,
  { jurisdiction, name, createdMs }: BucketRef & { readonly createdMs: number },
): D1PreparedStatement =>
  db.prepare('DELETE FROM domains WHERE jurisdiction = ? AND bucket = ? AND bucket_created_ms <> ?').bind(jurisdiction, name, createdMs)

const domainOf = (row: DomainRow): Domain => ({
  host: row.host,
  kind: row.kind,
  bucket: { jurisdiction: row.jurisdiction, name: row.bucket },
  enabled: row.enabled !== 0,
  minTls: row.min_tls ?? undefined,
  ciphers: row.ciphers === null ? undefined : (JSON.parse(row.ciphers) as Cipher[]),
  zoneId: row.zone_id ?? undefined,
  createdMs: row.created_ms,
  seenMs: row.seen_ms ?? undefined,
  seenTlsMs: row.seen_tls_ms ?? undefined,
})
