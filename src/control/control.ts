import type { Identity, Secret } from '../auth/authenticate.ts'
import type { Config, Secrets } from '../config.ts'
import type { Actor, AuditEntry } from '../core/audit.ts'
import type { Domain } from '../core/domain.ts'
import type { Asker } from '../core/known-names.ts'
import type { BucketRef } from '../core/object.ts'
import { type Arrival, clientNetwork } from '../http/client-network.ts'
import { type AuditQuery, auditStatements, listAudit } from './audit.ts'
import * as domainRegistry from './domain-registry.ts'
import { findDomain, listCustomDomains, noteSeen } from './domains.ts'
import { identifyByBearer, identifyBySignature, type Visit } from './identify.ts'
import { rotateTokens } from './rotate-tokens.ts'
import { stillHeld } from './still-held.ts'
import type { Strangers } from './strangers.ts'
import * as tokenRegistry from './token-registry.ts'
import { secretAccessKeyOf, TokenFinder } from './tokens.ts'

/** What the control plane works with: one database, and what an isolate remembers of it. */
export interface ControlPorts {
  readonly db: D1Database
  readonly secrets: Secrets
  readonly config: Config
  readonly strangers: Strangers
}

/** Who changes something, and when. */
export interface Change {
  readonly by: Actor
  readonly nowMs: number
}

/** A change that grants rights: checked against the rights of the token that asks. */
export interface Grant extends Change {
  readonly token: Identity['token']
  /** The value that the request bears. */
  readonly bearer: string
}

/** The control plane as faces see it: who asks, tokens, domains, the audit log. No face sees its database. */
export type Control = ReturnType<typeof createControl>

/** Binds the control plane to its ports. */
export function createControl(ports: ControlPorts) {
  const { db, secrets, config, strangers } = ports
  const finder = new TokenFinder(secrets)
  const identity = { db, finder, accountId: secrets.accountId, strict: config.strict }
  return {
    /** Whoever sends a request, until it is identified: limits its look-ups of names that nobody has. */
    visitor: (request: Arrival, nowMs: number): Asker => strangers.from(clientNetwork(request), nowMs),
    identifyByBearer: (visit: Visit) => identifyByBearer(identity, visit),
    identifyBySignature: (visit: Visit) => identifyBySignature(identity, visit),
    /** The token of an id, with its secret; `null` when there is none. */
    findToken: (id: string, nowMs: number): Promise<Secret | null> => finder.find(db, id, nowMs),
    ...tokensOf(ports, finder),
    ...domainsOf(ports),
    ...auditOf(ports),
  }
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
    /** One step of sealing all tokens with the present master key, whose id comes with it. */
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
    /** Writes entries; with `onlyIf`, only if that token is still what it was. Returns whether they were written. */
    writeAudit: async (entries: readonly AuditEntry[], onlyIf?: Secret): Promise<boolean> => {
      const condition = onlyIf && stillHeld(onlyIf)
      const [written] = await db.batch(auditStatements(db, entries, auditMs, { onlyIf: condition }))
      return written?.meta.changes !== 0
    },
  }
}
