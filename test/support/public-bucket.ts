import { attachDomain, type DomainManager, type NewDomain, setManagedDomain, updateDomain } from '../../src/control/domain-registry.ts'
import type { DomainSettings } from '../../src/core/domain.ts'
import type { Env } from '../../src/env.ts'
import { handle } from '../../src/gateway.ts'
import { DEFAULT_SEGMENT_CONFIG } from '../../src/segments/config.ts'
import type { PutOptions } from '../../src/store/objects/put-object.ts'
import { ATTRIBUTES, env, portsWith, TestBucket, uploadOf } from './bucket.ts'

const BY = { tokenId: 'f'.repeat(32), tokenName: 'tester', face: 'API', method: 'PUT', path: '/x' } as const
const manager = (): DomainManager => ({ db: env.CONTROL, auditMs: 1e12, by: BY, nowMs: Date.now() })

let domains = 0

/** A bucket that everybody may read, on its managed URL and on a custom domain. */
export class PublicBucket {
  readonly bucket: TestBucket
  readonly id: string
  readonly domain: string

  private constructor(bucket: TestBucket, id: string, domain: string) {
    this.bucket = bucket
    this.id = id
    this.domain = domain
  }

  static async create(settings: Partial<NewDomain> = {}): Promise<PublicBucket> {
    const bucket = await TestBucket.create(portsWith({}, DEFAULT_SEGMENT_CONFIG))
    const info = await bucket.store.headBucket(bucket.ref)
    const { host: id } = await setManagedDomain(manager(), info, true)
    const { host: domain } = await attachDomain(manager(), info, { host: `d${++domains}.example`, enabled: true, ...settings })
    return new PublicBucket(bucket, id, domain)
  }

  get label(): string {
    return `http://pub-${this.id}.localhost`
  }
  get path(): string {
    return `http://localhost/_public/${this.id}`
  }
  get custom(): string {
    return `http://${this.domain}`
  }
  /** Its three URLs. */
  get urls(): string[] {
    return [this.label, this.path, this.custom]
  }

  async put(key: string, body: string | Uint8Array, options: Partial<PutOptions> = {}): Promise<void> {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
    await this.bucket.store.putObject(this.bucket.at(key), uploadOf(bytes), { ...ATTRIBUTES, ...options })
  }

  async setManaged(enabled: boolean): Promise<void> {
    await setManagedDomain(manager(), await this.bucket.store.headBucket(this.bucket.ref), enabled)
  }

  async setCustom(changes: Partial<DomainSettings>): Promise<void> {
    await updateDomain(manager(), this.bucket.ref, this.domain, changes)
  }
}

/** An anonymous request to the whole Worker. */
export const fetchPublic = (url: string, init: RequestInit = {}, bindings: Env = env): Promise<Response> =>
  handle(new Request(url, init), bindings)
