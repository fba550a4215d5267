import type { AccessKey, Identity } from '../auth/authenticate.ts'
import type { Config, Secrets } from '../config.ts'
import type { Actor, AuditEntry } from '../core/audit.ts'
import type { Domain } from '../core/domain.ts'
import { StoreError } from '../core/errors.ts'
import type { Asker } from '../core/known-names.ts'
import type { BucketRef } from '../core/object.ts'
import { type Arrival, clientNetwork } from '../http/client-network.ts'
import { type AuditQuery, auditStatements, listAudit } from './audit.ts'
import * as domainRegistry from './domain-registry.ts'
import { findDomain, listCustomDomains, noteSeen } from './domains.ts'
import { type FormVisit, identifyByBearer, identifyByForm, identifyBySignature, type Visit } from './identify.ts'
import { rotateTokens } from './rotate-tokens.ts'
import { stillHeld } from './still-held.ts'
import type { Strangers } from './strangers.ts'
import * as tokenRegistry from './token-registry.ts'
import { secretAccessKeyOf, TokenFinder } from './tokens.ts'

/** The dependencies of the control plane: the control database, the configuration, and the limit on strangers. */
export interface ControlPorts {
  readonly db: D1Database
  readonly secrets: Secrets
  readonly config: Config
  readonly strangers: Strangers
  /** Counts the temporary credentials that each token makes. Absent means no limit. */
  readonly mintLimit?: RateLimit
}

/** The sender and the time of a change. */
export interface Change {
  readonly by: Actor
  readonly nowMs: number
}

/** A change that grants rights. It is checked against the rights of the token in the request. */
export interface Grant extends Change {
  readonly token: Identity['token']
  /** The bearer token of the request. */
  readonly bearer: string
}

/** The control plane in the form that faces use it: identities, tokens, domains and the audit log. Faces never see its database. */
export type Control = ReturnType<typeof createControl>

/** Builds the control plane on its ports. */
export function createControl(ports: ControlPorts) {
  const { db, secrets, config, strangers, mintLimit } = ports
  const finder = new TokenFinder(secrets)
  const identity = { db, finder, accountId: secrets.accountId, strict: config.strict }
  return {
    /** Returns the asker for a request that is not identified yet. It limits the sender's look-ups of unknown names. */
    visitor: (request: Arrival, nowMs: number): Asker => askerOf(() => strangers.from(clientNetwork(request), nowMs)),
    identifyByBearer: (visit: Visit) => identifyByBearer(identity, visit),
    identifyBySignature: (visit: Visit) => identifyBySignature(identity, visit),
    identifyByForm: (visit: FormVisit) => identifyByForm(identity, visit),
    /** Returns a token by id, with its secret; `null` if it does not exist. */
    findToken: (id: string, nowMs: number): Promise<AccessKey | null> => finder.find(db, id, nowMs),
    /**
     * Counts temporary credentials that a token makes: the audit log keeps an entry of each for a long time.
     * @throws StoreError TooManyRequests
     */
    admitMint: (tokenId: string): Promise<void> => admitMint(mintLimit, tokenId),
    ...tokensOf(ports, finder),
    ...domainsOf(ports),
    ...auditOf(ports),
  }
}

/** A limiter that fails refuses nobody. */
async function admitMint(limiter: RateLimit | undefined, key: string): Promise<void> {
  const counted = await limiter?.limit({ key }).catch((error: unknown) => console.error('The rate limiter failed:', error))
  if (counted?.success === false) throw new StoreError('TooManyRequests', { message: 'Reduce your rate of new temporary credentials.' })
}

/** An asker that is made when it is first needed: most requests ask for names that are known. */
function askerOf(make: () => Asker): Asker {
  let made: Asker | undefined
  const asker = (): Asker => {
    made ??= make()
    return made
  }
  return { admit: () => asker().admit(), found: () => asker().found(), miss: () => asker().miss() }
}

function tokensOf({ db, secrets, config }: ControlPorts, finder: TokenFinder) {
  const managerOf = ({ bearer, ...grant }: Grant): tokenRegistry.Manager => ({
    db,
    secrets,
    config,
    finder,
    secretAccessKey: secretAccessKeyOf(bearer),
    ...grant,
  })
  return {
    listTokens: (query: tokenRegistry.TokensQuery) => tokenRegistry.listTokens(db, query),
    getToken: (id: string) => tokenRegistry.getToken(db, id),
    makeToken: (grant: Grant, attributes: tokenRegistry.TokenAttributes) => tokenRegistry.makeToken(managerOf(grant), attributes),
    updateToken: (grant: Grant, id: string, attributes: tokenRegistry.TokenAttributes) =>
      tokenRegistry.updateToken(managerOf(grant), id, attributes),
    rollToken: (grant: Grant, id: string) => tokenRegistry.rollToken(managerOf(grant), id),
    deleteToken: (grant: Grant, id: string) => tokenRegistry.deleteToken(managerOf(grant), id),
    /** Seals the secrets of tokens with the current master key, one bounded step per call. The report includes the id of that key. */
    rotateTokens: async (cursor?: string) => {
      const { report, next } = await rotateTokens(db, secrets, cursor)
      return { report: { ...report, keyId: secrets.keyring.keyId }, next }
    },
  }
}

function domainsOf({ db, config: { auditMs } }: ControlPorts) {
  const managerOf = (change: Change): domainRegistry.DomainManager => ({ db, auditMs, ...change })
  return {
    findDomain: (host: string, nowMs: number, asker?: Asker) => findDomain(db, host, nowMs, asker),
    noteSeen: (domain: Domain, tls: boolean, nowMs: number) => noteSeen(db, domain, tls, nowMs),
    listCustomDomains: (bucket: BucketRef) => listCustomDomains(db, bucket),
    managedDomain: (bucket: domainRegistry.ExistingBucket, nowMs: number) => domainRegistry.managedDomain(db, bucket, nowMs),
    getDomain: (bucket: BucketRef, host: string) => domainRegistry.getDomain(db, bucket, host),
    setManagedDomain: (change: Change, bucket: domainRegistry.ExistingBucket, enabled: boolean) =>
      domainRegistry.setManagedDomain(managerOf(change), bucket, enabled),
    attachDomain: (change: Change, bucket: domainRegistry.ExistingBucket, domain: domainRegistry.NewDomain) =>
      domainRegistry.attachDomain(managerOf(change), bucket, domain),
    updateDomain: (change: Change, ...domain: DomainUpdate) => domainRegistry.updateDomain(managerOf(change), ...domain),
    removeDomain: (change: Change, bucket: BucketRef, host: string) => domainRegistry.removeDomain(managerOf(change), bucket, host),
  }
}

type DomainUpdate = Parameters<typeof domainRegistry.updateDomain> extends [unknown, ...infer Rest] ? Rest : never

function auditOf({ db, config: { auditMs } }: ControlPorts) {
  return {
    listAudit: (query: AuditQuery) => listAudit(db, query),
    /** Writes entries. With `onlyIf`, writes only if that token has not changed since it was read. Returns whether they were written. */
    writeAudit: async (entries: readonly AuditEntry[], onlyIf?: AccessKey): Promise<boolean> => {
      const condition = onlyIf && stillHeld(onlyIf)
      const [written] = await db.batch(auditStatements(db, entries, auditMs, { onlyIf: condition }))
      return written?.meta.changes !== 0
    },
  }
}
