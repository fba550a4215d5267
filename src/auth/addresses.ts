import { invalidArgument } from '../core/errors.ts'
import type { ApiToken } from './policies.ts'

/** The addresses from which a token may be used, as its manager wrote them: addresses, or prefixes such as `192.0.2.0/24`. */
export interface AddressLimit {
  /** Only these. Absent means all. */
  readonly in?: readonly string[]
  /** Not these, even if `in` has them. */
  readonly notIn?: readonly string[]
}

/**
 * A range of addresses, both ends included. The two kinds of addresses do not overlap: `::/0` has no IPv4 address. An IPv4 address is its
 * number behind all IPv6 addresses.
 */
interface Range {
  readonly first: bigint
  readonly last: bigint
}

const IPV6_END = 1n << 128n
const IPV4_END = IPV6_END + (1n << 32n)
const EVERYWHERE: readonly Range[] = [
  { first: 0n, last: IPV6_END - 1n },
  { first: IPV6_END, last: IPV4_END - 1n },
]

/** Whether a text is an address or a prefix of addresses. */
export const isAddressRange = (text: string): boolean => rangeOf(text) !== undefined

/**
 * Whether a token may be used from an address. If the address is unknown, a token with a limit is refused.
 * @param address as {@link clientAddress} returns it
 */
export function admitsAddress({ addresses }: ApiToken, address: string | undefined): boolean {
  if (addresses === undefined) return true
  const asked = address === undefined ? undefined : rangeOf(address)
  return asked !== undefined && subtract([asked], rangesOf(addresses)).length === 0
}

/** Whether every address that `limit` allows is allowed to the token itself, so that the token may pass it on. */
export function mayGrantAddresses({ root, addresses }: ApiToken, limit: AddressLimit | undefined): boolean {
  if (root || addresses === undefined) return true
  return subtract(limit ? rangesOf(limit) : EVERYWHERE, rangesOf(addresses)).length === 0
}

/** A request reads the limit of its token, and a token is in memory for many requests. */
const known = new WeakMap<AddressLimit, readonly Range[]>()

function rangesOf(limit: AddressLimit): readonly Range[] {
  const found = known.get(limit)
  if (found) return found
  const ranges = subtract(limit.in?.map(checkedRange) ?? EVERYWHERE, limit.notIn?.map(checkedRange) ?? [])
  known.set(limit, ranges)
  return ranges
}

/** Returns the parts of some ranges that are outside all others. */
function subtract(ranges: readonly Range[], others: readonly Range[]): readonly Range[] {
  return others.reduce<readonly Range[]>((left, other) => left.flatMap((range) => without(range, other)), ranges)
}

function without({ first, last }: Range, other: Range): Range[] {
  if (other.last < first || other.first > last) return [{ first, last }]
  const before = { first, last: other.first - 1n }
  const after = { first: other.last + 1n, last }
  return [before, after].filter((range) => range.first <= range.last)
}

/** @throws StoreError InvalidArgument */
function checkedRange(text: string): Range {
  const range = rangeOf(text)
  if (range === undefined) throw invalidArgument(`${JSON.stringify(text)} is no IP address and no prefix of addresses`)
  return range
}

/** Reads an address or a prefix. Bits behind the prefix do not count. A prefix of IPv4 addresses in IPv6's form is one of IPv4. */
function rangeOf(text: string): Range | undefined {
  const [address = '', bits, ...rest] = text.split('/')
  const number = addressOf(address)
  if (number === undefined || rest.length > 0) return undefined
  const isIpv4 = number >= IPV6_END
  const width = address.includes(':') ? 128 : 32
  const length = bits === undefined ? width : lengthOf(bits, width)
  if (length === undefined) return undefined
  const free = BigInt(width - length)
  // `::ffff:0:0/90` would be a range of both kinds.
  if (isIpv4 && free > 32n) return undefined
  const first = ((number - (isIpv4 ? IPV6_END : 0n)) >> free) << free
  const start = isIpv4 ? IPV6_END + first : first
  return { first: start, last: start + (1n << free) - 1n }
}

function lengthOf(bits: string, width: number): number | undefined {
  return /^(?:0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= width ? Number(bits) : undefined
}

/** The number of an address; undefined for any other text. */
function addressOf(text: string): bigint | undefined {
  if (!text.includes(':')) {
    const ipv4 = ipv4Of(text)
    return ipv4 === undefined ? undefined : IPV6_END + ipv4
  }
  const ipv6 = ipv6Of(text)
  // `::ffff:192.0.2.7` is how a system names an IPv4 client to a server that speaks IPv6.
  return ipv6 !== undefined && ipv6 >> 32n === 0xffffn ? IPV6_END + (ipv6 & 0xffff_ffffn) : ipv6
}

/** Leading zeros are refused: some programs read them as octal. */
function ipv4Of(text: string): bigint | undefined {
  const parts = text.split('.')
  const isValid = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  return isValid ? parts.reduce((number, part) => (number << 8n) | BigInt(part), 0n) : undefined
}

const LONGEST = 45

function ipv6Of(text: string): bigint | undefined {
  if (text.length > LONGEST) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [before, after] = halves.map(groupsOf) as [bigint[] | undefined, bigint[] | undefined]
  if (before === undefined || (halves.length === 2 && after === undefined)) return undefined
  const missing = 8 - before.length - (after?.length ?? 0)
  if (after === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...Array<bigint>(missing).fill(0n), ...(after ?? [])]
  return groups.reduce((number, group) => (number << 16n) | group, 0n)
}

/** The groups of one side of `::`. The last one may be an IPv4 address, which is two groups. */
function groupsOf(text: string): bigint[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups = parts.flatMap((part, index): (bigint | undefined)[] => {
    if (part.includes('.')) {
      const ipv4 = index === parts.length - 1 ? ipv4Of(part) : undefined
      return ipv4 === undefined ? [undefined] : [ipv4 >> 16n, ipv4 & 0xffffn]
    }
    return [/^[\da-fA-F]{1,4}$/.test(part) ? BigInt(`0x${part}`) : undefined]
  })
  return groups.every((group) => group !== undefined) ? groups : undefined
}
