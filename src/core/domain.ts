import type { BucketRef } from './object.ts'

export const TLS_VERSIONS = ['1.0', '1.1', '1.2', '1.3'] as const
export type TlsVersion = (typeof TLS_VERSIONS)[number]

/** The ciphers that a custom domain may be limited to, by BoringSSL's names. As on Cloudflare, those of TLS 1.3 cannot be chosen. */
export const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'AES128-GCM-SHA256',
  'AES128-SHA',
  'AES128-SHA256',
  'AES256-GCM-SHA384',
  'AES256-SHA',
  'AES256-SHA256',
  'DES-CBC3-SHA',
  'AEAD-AES128-GCM-SHA256',
  'AEAD-AES256-GCM-SHA384',
  'AEAD-CHACHA20-POLY1305-SHA256',
] as const
export type Cipher = (typeof CIPHERS)[number]

/** The settings of a custom domain. */
export interface DomainSettings {
  readonly enabled: boolean
  readonly minTls?: TlsVersion
  readonly ciphers?: readonly Cipher[]
}

/** A public address of a bucket: its managed URL or a custom domain. https://developers.cloudflare.com/r2/buckets/public-buckets/ */
export interface Domain extends DomainSettings {
  /** The host name of a custom domain. For a managed URL, the id in it: its 32 hex digits have no dot, so they never equal a host name. */
  readonly host: string
  readonly kind: 'managed' | 'custom'
  readonly bucket: BucketRef
  readonly zoneId?: string
  readonly createdMs: number
  /** When the first request for the host arrived, and the first one over TLS. */
  readonly seenMs?: number
  readonly seenTlsMs?: number
}

/** A connection as Cloudflare's edge describes it in `request.cf`. */
export interface TlsConnection {
  /** `TLSv1.2` */
  readonly tlsVersion?: string
  /** `ECDHE-RSA-AES128-GCM-SHA256` */
  readonly tlsCipher?: string
}

/** Whether a connection meets a domain's demands. As on R2, plain HTTP passes by default: Cloudflare's Always Use HTTPS redirects it. */
export function acceptsTls({ minTls = '1.0', ciphers = [] }: DomainSettings, { tlsVersion, tlsCipher }: TlsConnection): boolean {
  const version = TLS_VERSIONS.find((known) => tlsVersion === (known === '1.0' ? 'TLSv1' : `TLSv${known}`))
  if (version === undefined) return minTls === '1.0' && ciphers.length === 0
  if (version < minTls) return false
  return ciphers.length === 0 || version === '1.3' || ciphers.some((cipher) => cipher === tlsCipher)
}

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/

/** Whether a text is a host name that can be attached: lowercase ASCII (`xn--`), two labels or more, and not an IP address. */
export function isHostName(text: string): boolean {
  const labels = text.split('.')
  return text.length <= 253 && labels.length > 1 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1)!)
}

/** The hosts at which a deployment serves its own faces. */
export interface OwnHosts {
  /** The S3 host. The names below it belong to the deployment, too: buckets, jurisdictions and managed URLs. */
  readonly s3Host?: string
  /** Additional hosts of the API. */
  readonly hosts: readonly string[]
}

/**
 * Whether a host belongs to the deployment or is an IP address. Such a host is never a custom domain, so the table of domains is not
 * queried. A name below one of `hosts` does not count: it may have been attached before the host above it was added to the list.
 */
export function isOwnHost(host: string, { s3Host, hosts }: OwnHosts): boolean {
  const isIp = host.startsWith('[') || /^\d+(\.\d+){3}$/.test(host)
  const isBelow = ['localhost', s3Host].some((own) => own !== undefined && isAtOrBelow(host, own))
  return isIp || isBelow || host.endsWith('.workers.dev') || hosts.includes(host)
}

/**
 * Whether a host is refused as the domain of a bucket: it belongs to the deployment, or it is below one of its hosts, where a page could
 * set cookies for that host. `asked` is the host of the request itself.
 */
export const isReservedHost = (host: string, own: OwnHosts, asked: string): boolean =>
  isOwnHost(host, own) || [...own.hosts, withoutDot(asked)].some((reserved) => isAtOrBelow(host, reserved))

/** A host without a dot at its end. That dot is the DNS root, and both spellings mean the same host. */
export const withoutDot = (host: string): string => host.replace(/\.$/, '')

const isAtOrBelow = (host: string, own: string): boolean => host === own || host.endsWith(`.${own}`)

const MANAGED_ID = /^[0-9a-f]{32}$/
const MANAGED_HOST = /^pub-([0-9a-f]{32})\.(.+)$/

export const isManagedId = (text: string): boolean => MANAGED_ID.test(text)

/** The id in a managed URL's host, `pub-<id>.<S3 host>`; `undefined` for any other host. */
export function managedIdOf(host: string, s3Host: string | undefined): string | undefined {
  const [, id, base] = MANAGED_HOST.exec(host) ?? []
  return base !== undefined && (base === s3Host || base === 'localhost') ? id : undefined
}
