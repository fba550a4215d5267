const NONE = 'unknown'

/** The length of the longest address: IPv6 with an embedded IPv4 address. */
const ADDRESS_LENGTH = 45

/** The parts of a request that say where it comes from. */
export type Arrival = Pick<Request, 'headers'> & { readonly cf?: unknown }

/**
 * Returns the address that a request comes from. Cloudflare's edge writes it into a header, so clients cannot forge it. On a local server
 * clients can send that header; there workerd reports the address of the connection, which counts instead.
 */
export function clientAddress({ headers, cf }: Arrival): string | undefined {
  const { clientIp } = (cf ?? {}) as { readonly clientIp?: unknown }
  if (typeof clientIp === 'string') return PEER.exec(clientIp)?.groups?.address
  const address = headers.get('cf-connecting-ip')
  return address !== null && address.length <= ADDRESS_LENGTH ? address : undefined
}

/** Returns a request that comes from this address, whatever its headers say. A text that is no address makes the address unknown. */
export const comingFrom = (request: Request, address: string): Request =>
  new Request(request, { cf: { ...request.cf, clientIp: address.includes(':') ? `[${address}]:0` : `${address}:0` } } as RequestInit)

/** The form of `cf.clientIp` in workerd: `127.0.0.1:50000` or `[::1]:50000`. */
const PEER = /^\[?(?<address>[\da-fA-F.:]{2,45})\]?:\d{1,5}$/

/**
 * Returns the sender of a request as a key for rate limits: an IPv4 address, or the /64 network of an IPv6 address, because one client owns
 * all addresses of that network. Clients without a known address are counted together.
 */
export function clientNetwork(request: Arrival): string {
  const address = clientAddress(request) ?? NONE
  const [mapped] = /\d{1,3}(?:\.\d{1,3}){3}$/.exec(address) ?? []
  return mapped ?? (address.includes(':') ? networkOf(address.toLowerCase()) : address)
}

/** Returns the first four groups: `2001:db8::1` gives `2001:db8:0:0`. */
function networkOf(address: string): string {
  const [before = '', after] = address.split('::')
  const first = groupsOf(before)
  const last = groupsOf(after ?? '')
  const zeros = after === undefined ? [] : Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
  return [...first, ...zeros, ...last].slice(0, 4).join(':')
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':').map((group) => group.replace(/^0+(?=.)/, '')))
