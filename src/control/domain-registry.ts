import { type Actor, type AuditAction, auditEntry } from '../core/audit.ts'
import type { Domain, DomainSettings } from '../core/domain.ts'
import { StoreError } from '../core/errors.ts'
import { randomId } from '../core/ids.ts'
import { LIMITS } from '../core/limits.ts'
import type { BucketRef } from '../core/object.ts'
import { auditStatements } from './audit.ts'
import { forgetDomains, readCustomDomain, readManagedDomain } from './domains.ts'

/** The dependencies of managing domains, and who does it. */
export interface DomainManager {
  readonly db: D1Database
  /** How long the audit log keeps an entry. */
  readonly auditMs: number
  readonly by: Actor
  readonly nowMs: number
}

/** A bucket that exists. */
export type ExistingBucket = BucketRef & { readonly createdMs: number }

export interface NewDomain extends DomainSettings {
  /** A valid host name. */
  readonly host: string
  readonly zoneId?: string
}

/**
 * Returns the managed URL of a bucket. The first call makes its id, which is random, so that nobody can guess it, and never changes.
 * @throws StoreError ServiceUnavailable
 */
export async function managedDomain(db: D1Database, bucket: ExistingBucket, nowMs: number): Promise<Domain> {
  const known = await readManagedDomain(db, bucket)
  if (known) return known
  const host = randomId()
  await insert(db, bucket, { host, kind: 'managed', enabled: false }, nowMs).run()
  const made = await readManagedDomain(db, bucket)
  if (!made) throw notIndexed()
  return made
}

/**
 * Switches the managed URL of a bucket on or off.
 * @throws StoreError ServiceUnavailable
 */
export async function setManagedDomain(manager: DomainManager, bucket: ExistingBucket, enabled: boolean): Promise<Domain> {
  const { db, nowMs } = manager
  const old = await managedDomain(db, bucket, nowMs)
  const update = db
    .prepare('UPDATE domains SET enabled = ? WHERE host = ? AND enabled <> ?')
    .bind(Number(enabled), old.host, Number(enabled))
  const [oldValue, newValue] = [old.enabled, enabled].map((value) => ({ bucketId: old.host, enabled: value }))
  await change(manager, update, { action: 'ChangeBucketVisibility', bucket, oldValue, newValue })
  return managedDomain(db, bucket, nowMs)
}

/**
 * Attaches a custom domain to a bucket.
 * @throws StoreError DomainInUse when it is already attached to a bucket, this one included; TooManyDomains; ServiceUnavailable
 */
export async function attachDomain(manager: DomainManager, bucket: ExistingBucket, domain: NewDomain): Promise<Domain> {
  const { db, nowMs } = manager
  const statement = insert(db, bucket, { ...domain, kind: 'custom' }, nowMs)
  const attached = await change(manager, statement, { action: 'AddCustomDomain', bucket, newValue: settingsOf(domain) })
  if (!attached) throw await refusal(db, bucket, domain.host)
  return getDomain(db, bucket, domain.host)
}

/**
 * Changes the given settings of a custom domain, and keeps the others.
 * @throws StoreError NoSuchDomain
 */
export async function updateDomain(
  manager: DomainManager,
  bucket: BucketRef,
  host: string,
  changes: Partial<DomainSettings>,
): Promise<Domain> {
  const { db } = manager
  const old = await getDomain(db, bucket, host)
  const { enabled, minTls, ciphers } = changes
  const update = db
    .prepare(`UPDATE domains SET enabled = coalesce(?, enabled), min_tls = coalesce(?, min_tls), ciphers = coalesce(?, ciphers)
      WHERE host = ? AND created_ms = ?`)
    .bind(enabled === undefined ? null : Number(enabled), minTls ?? null, ciphers ? JSON.stringify(ciphers) : null, host, old.createdMs)
  const changed = await change(manager, update, {
    action: 'UpdateCustomDomain',
    bucket,
    oldValue: settingsOf(old),
    newValue: settingsOf({ ...old, ...defined(changes) }),
  })
  if (!changed) throw new StoreError('NoSuchDomain')
  return getDomain(db, bucket, host)
}

/**
 * Removes a custom domain from a bucket.
 * @throws StoreError NoSuchDomain
 */
export async function removeDomain(manager: DomainManager, bucket: BucketRef, host: string): Promise<void> {
  const { db } = manager
  const old = await getDomain(db, bucket, host)
  const remove = db.prepare('DELETE FROM domains WHERE host = ? AND created_ms = ?').bind(host, old.createdMs)
  const removed = await change(manager, remove, { action: 'RemoveCustomDomain', bucket, oldValue: settingsOf(old) })
  if (!removed) throw new StoreError('NoSuchDomain')
}

/**
 * Returns a custom domain of a bucket.
 * @throws StoreError NoSuchDomain
 */
export async function getDomain(db: D1Database, bucket: BucketRef, host: string): Promise<Domain> {
  const domain = await readCustomDomain(db, bucket, host)
  if (!domain) throw new StoreError('NoSuchDomain')
  return domain
}

/**
 * Returns the statement that inserts a domain. It inserts nothing when the host is taken, when the bucket has the most domains allowed,
 * or when the index lacks a bucket of this name and creation time. The last condition covers a race: if the bucket is deleted first, its
 * domains are deleted with it, and this insert then must not give a domain to a new bucket of the same name.
 */
function insert(db: D1Database, bucket: ExistingBucket, domain: NewDomain & Pick<Domain, 'kind'>, nowMs: number): D1PreparedStatement {
  const { jurisdiction, name, createdMs } = bucket
  const columns = {
    host: domain.host,
    kind: domain.kind,
    jurisdiction,
    bucket: name,
    bucket_created_ms: createdMs,
    enabled: Number(domain.enabled),
    min_tls: domain.minTls ?? null,
    ciphers: domain.ciphers ? JSON.stringify(domain.ciphers) : null,
    zone_id: domain.zoneId ?? null,
    created_ms: nowMs,
  }
  const names = Object.keys(columns)
  return db
    .prepare(`INSERT OR IGNORE INTO domains (${names.join(', ')}) SELECT ${names.map(() => '?').join(', ')}
      WHERE EXISTS (SELECT 1 FROM buckets WHERE jurisdiction = ? AND name = ? AND created_ms = ?)
      AND (SELECT count(*) FROM domains WHERE jurisdiction = ? AND bucket = ? AND kind = 'custom') < ?`)
    .bind(
      ...Object.values(columns),
      ...[jurisdiction, name, createdMs],
      ...[jurisdiction, name, domain.kind === 'custom' ? LIMITS.customDomains : LIMITS.customDomains + 1],
    )
}

/** Returns the reason why a domain was not attached. */
async function refusal(db: D1Database, { jurisdiction, name }: BucketRef, host: string): Promise<StoreError> {
  const taken = await db.prepare('SELECT 1 FROM domains WHERE host = ?').bind(host).first()
  if (taken) return new StoreError('DomainInUse')
  const count = db.prepare("SELECT count(*) AS n FROM domains WHERE jurisdiction = ? AND bucket = ? AND kind = 'custom'")
  const { n } = (await count.bind(jurisdiction, name).first<{ n: number }>())!
  return n >= LIMITS.customDomains ? new StoreError('TooManyDomains') : notIndexed()
}

/** The index lags behind the Bucket by a few seconds at most, so a retry helps. */
const notIndexed = (): StoreError => new StoreError('ServiceUnavailable')

interface AuditedChange {
  readonly action: AuditAction
  readonly bucket: BucketRef
  readonly oldValue?: unknown
  readonly newValue?: unknown
}

/** Runs the change and writes its audit entry in one transaction. Returns whether there was a change. */
async function change(
  { db, auditMs, by, nowMs }: DomainManager,
  statement: D1PreparedStatement,
  { bucket, ...audited }: AuditedChange,
): Promise<boolean> {
  const resource = { type: 'r2.bucket', id: bucket.name, jurisdiction: bucket.jurisdiction } as const
  const entry = auditEntry({ ...audited, whenMs: nowMs, by, resource })
  const [changed] = await db.batch([statement, ...auditStatements(db, [entry], auditMs, { ifChanged: true })])
  forgetDomains(db)
  return changed!.meta.changes > 0
}

const settingsOf = ({ host: domain, enabled, minTls, ciphers, zoneId }: NewDomain) => ({ domain, enabled, minTls, ciphers, zoneId })

const defined = (changes: Partial<DomainSettings>): Partial<DomainSettings> =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
