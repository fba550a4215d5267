import * as z from 'zod'
import { CIPHERS, type Domain, type DomainSettings, isHostName, TLS_VERSIONS } from '../../../core/domain.ts'

/** `domain` is the URL of the bucket's objects without `https://`. */
export const ManagedDomain = z.object({ bucketId: z.string(), domain: z.string(), enabled: z.boolean() })
export const ManagedDomainBody = z.strictObject({ enabled: z.boolean() })
export type ManagedDomainBody = z.output<typeof ManagedDomainBody>

/** Strict: a misspelt `minTLS` would allow every version. */
const Settings = z.strictObject({
  enabled: z.boolean(),
  minTLS: z.enum(TLS_VERSIONS),
  /** The names are those of BoringSSL. */
  ciphers: z.array(z.enum(CIPHERS)).max(CIPHERS.length),
})
const ZoneId = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 lowercase hex digits')

export const AttachDomainBody = Settings.partial({ minTLS: true, ciphers: true }).extend({
  domain: z.string().toLowerCase().refine(isHostName, 'must be a host name, such as files.example.com'),
  zoneId: ZoneId,
})
export type AttachDomainBody = z.output<typeof AttachDomainBody>

/** Members that are left out stay unchanged. wrangler sends the domain in the body as well; Terraform also sends the zone, which is ignored. */
export const UpdateDomainBody = Settings.partial().extend({ domain: z.string().toLowerCase().optional(), zoneId: ZoneId.optional() })
export type UpdateDomainBody = z.output<typeof UpdateDomainBody>

const Named = z.object({ domain: z.string(), ...Settings.partial({ minTLS: true, ciphers: true }).shape, zoneId: z.string().optional() })

export const AttachedDomain = Named
export const UpdatedDomain = Named.omit({ zoneId: true })
export const RemovedDomain = z.object({ domain: z.string() })

export const CustomDomain = Named.extend({
  status: z.object({
    ownership: z.enum(['pending', 'active', 'deactivated', 'blocked', 'error', 'unknown']),
    ssl: z.enum(['initializing', 'pending', 'active', 'deactivated', 'error', 'unknown']),
  }),
})
export type CustomDomain = z.input<typeof CustomDomain>
export const CustomDomainList = z.object({ domains: z.array(CustomDomain) })

/** Returns the settings of a custom domain from a body. */
export const settingsOf = <B extends Omit<UpdateDomainBody, 'domain'>>({
  minTLS,
  ciphers,
  enabled,
}: B): { enabled: B['enabled'] } & Omit<DomainSettings, 'enabled'> => ({
  enabled,
  minTls: minTLS,
  ciphers,
})

/** Returns a custom domain as the REST API shows it after a change. */
export const toNamed = ({ host, enabled, minTls, ciphers, zoneId }: Domain): z.input<typeof Named> => ({
  domain: host,
  enabled,
  ...(minTls === undefined ? {} : { minTLS: minTls }),
  ...(ciphers === undefined ? {} : { ciphers: [...ciphers] }),
  ...(zoneId === undefined ? {} : { zoneId }),
})

/** Returns a custom domain with its status. We cannot see DNS records and certificates; we only see whether requests arrive, and over TLS. */
export const toCustomDomain = (domain: Domain): CustomDomain => ({
  ...toNamed(domain),
  status: {
    ownership: domain.seenMs === undefined ? 'pending' : 'active',
    ssl: domain.seenTlsMs !== undefined ? 'active' : domain.seenMs !== undefined ? 'pending' : 'initializing',
  },
})
