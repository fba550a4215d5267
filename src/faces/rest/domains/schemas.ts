import * as z from 'zod'
import { CIPHERS, type Domain, type DomainSettings, isHostName, TLS_VERSIONS } from '../../../core/domain.ts'

/** `domain` is where the bucket's objects are, behind `https://`. */
export const ManagedDomain = z.object({ bucketId: z.string(), domain: z.string(), enabled: z.boolean() })
export const ManagedDomainBody = z.strictObject({ enabled: z.boolean() })
export type ManagedDomainBody = z.output<typeof ManagedDomainBody>

/** Strict: a misspelt `minTLS` would let every version in. */
const Settings = z.strictObject({
  enabled: z.boolean(),
  minTLS: z.enum(TLS_VERSIONS),
  /** In BoringSSL's names. */
  ciphers: z.array(z.enum(CIPHERS)).max(CIPHERS.length),
})
const ZoneId = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 lowercase hex digits')

export const AttachDomainBody = Settings.partial({ minTLS: true, ciphers: true }).extend({
  domain: z.string().toLowerCase().refine(isHostName, 'must be a host name, such as files.example.com'),
  zoneId: ZoneId,
})
export type AttachDomainBody = z.output<typeof AttachDomainBody>

/** What is not named stays as it is. wrangler names the domain in the body, too. */
export const UpdateDomainBody = Settings.partial().extend({ domain: z.string().toLowerCase().optional() })
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

/** What a body says of a custom domain. */
export const settingsOf = <B extends Omit<UpdateDomainBody, 'domain'>>({
  minTLS,
  ciphers,
  enabled,
}: B): { enabled: B['enabled'] } & Omit<DomainSettings, 'enabled'> => ({
  enabled,
  minTls: minTLS,
  ciphers,
})

/** A custom domain as the REST API shows it where it is changed. */
export const toNamed = ({ host, enabled, minTls, ciphers, zoneId }: Domain): z.input<typeof Named> => ({
  domain: host,
  enabled,
  ...(minTls === undefined ? {} : { minTLS: minTls }),
  ...(ciphers === undefined ? {} : { ciphers: [...ciphers] }),
  ...(zoneId === undefined ? {} : { zoneId }),
})

/** Nobody tells us of DNS records and certificates. What has been seen is known: requests that arrive, and over TLS. */
export const toCustomDomain = (domain: Domain): CustomDomain => ({
  ...toNamed(domain),
  status: {
    ownership: domain.seenMs === undefined ? 'pending' : 'active',
    ssl: domain.seenTlsMs !== undefined ? 'active' : domain.seenMs !== undefined ? 'pending' : 'initializing',
  },
})
