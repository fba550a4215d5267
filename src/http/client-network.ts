const NONE = 'unknown'

/**
 * Returns the sender of a request as a key for rate limits: an IPv4 address, or the /64 network of an IPv6 address, because one client owns
 * all addresses of that network. Cloudflare's edge sets the header, so clients cannot forge it. A local server has no such header and
 * counts all clients together.
 */
export function clientNetwork(headers: Headers): string {
  const address = headers.get('cf-connecting-ip') ?? NONE
  // No real address is longer, but a local client may send anything.
  if (address.length > 45) return NONE
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
