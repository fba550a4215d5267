import { invalidArgument } from '../core/errors.ts'

/** The outbound requests that a deployment permits. */
export interface OutboundRules {
  /** A local server: it may also reach its own machine without TLS, and private networks. */
  readonly local: boolean
}

/** The longest address of a source. */
const URL_CHARACTERS = 2048

/**
 * Parses the address of a source. An administrator of one bucket chooses it, so it must not lead to what only the deployment can reach.
 * @throws StoreError InvalidArgument with the reason: no URL, no https, credentials, a query, or a private address
 */
export function readEndpoint(text: string, { local }: OutboundRules): URL {
  const url = text.length <= URL_CHARACTERS ? URL.parse(text) : null
  if (!url) throw invalidArgument('The address of the source is not a URL.')
  const isLocal = local && isLoopback(url.hostname)
  if (url.protocol !== 'https:' && !(isLocal && url.protocol === 'http:')) {
    throw invalidArgument('The address of the source must begin with https://.')
  }
  if (url.username !== '' || url.password !== '') throw invalidArgument('The address of the source must not contain credentials.')
  if (url.search !== '' || url.hash !== '') throw invalidArgument('The address of the source must not have a query or a fragment.')
  if (!local && isPrivateHost(url.hostname)) throw invalidArgument('The address of the source is not a public one.')
  return url
}

/** Whether a host name, as a URL gives it, is this machine. */
export const isLoopback = (hostname: string): boolean =>
  hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname) || atOrBelow(withoutDot(hostname), 'localhost')

/** Names that are resolved within a network alone. */
const PRIVATE_NAMES = ['localhost', 'local', 'internal', 'intranet', 'lan', 'home', 'corp', 'private', 'home.arpa']

/**
 * Whether a host name, as a URL gives it, stands for this machine or a private network. The URL parser has turned every spelling of an
 * IPv4 address (`0x7f.1`, `2130706433`) into four numbers.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = withoutDot(hostname.toLowerCase())
  if (host.startsWith('[')) return !isPublicIpv6(host.slice(1, -1))
  const numbers = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host)
  if (numbers) return isPrivateIpv4(numbers.slice(1).map(Number))
  return !host.includes('.') || host.endsWith('.') || PRIVATE_NAMES.some((name) => atOrBelow(host, name))
}

/** The ranges that IANA sets aside for special use, and multicast. */
function isPrivateIpv4([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return true
  if (a === 100) return b >= 64 && b < 128
  if (a === 169) return b === 254
  if (a === 172) return b >= 16 && b < 32
  if (a === 192) return b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99)
  if (a === 198) return b === 18 || b === 19 || (b === 51 && c === 100)
  return a === 203 && b === 0 && c === 113
}

/** Of IPv6 only global unicast is public, without the ranges that carry an IPv4 address or are set aside for documentation. */
function isPublicIpv6(address: string): boolean {
  const [first = '', second = ''] = address.split(':')
  const [high, low] = [Number.parseInt(first, 16), Number.parseInt(second || '0', 16)]
  if (!(high >= 0x2000 && high <= 0x3fff)) return false
  const isTunnel = high === 0x2002 || (high === 0x2001 && low === 0)
  return !isTunnel && !(high === 0x2001 && low === 0xdb8)
}

/** The hosts of this deployment, with their ports if those are not the usual ones, and the bucket that reads from the source. */
export interface OwnBucket {
  readonly hosts: readonly string[]
  readonly bucket: string
}

/**
 * Refuses a source that is the bucket itself: it would read from itself without end. It knows the hosts that a deployment is told of; a
 * request for a source carries `MIGRATION_HEADER` in addition, and a deployment that receives one does not ask a source again.
 * @throws StoreError InvalidArgument
 */
export function checkNotOwnBucket({ hostname, port, pathname }: URL, own: OwnBucket): void {
  const host = `${withoutDot(hostname.toLowerCase())}${port && `:${port}`}`
  const at = own.hosts.find((each) => atOrBelow(host, each.toLowerCase()))
  if (at === undefined) return
  const labels = host.slice(0, -at.length).split('.')
  if (labels[0] === own.bucket || decoded(pathname.split('/')[1]) === own.bucket) throw invalidArgument('The source is this bucket itself.')
}

/** A segment of a path without its percent encoding. */
function decoded(segment = ''): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment // No server reads it as a name.
  }
}

const withoutDot = (host: string): string => host.replace(/\.$/, '')
const atOrBelow = (host: string, above: string): boolean => host === above || host.endsWith(`.${above}`)
