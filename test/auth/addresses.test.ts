import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AddressLimit, admitsAddress, isAddressRange, mayGrantAddresses } from '../../src/auth/addresses.ts'
import type { ApiToken } from '../../src/auth/policies.ts'

const tokenOf = (addresses?: AddressLimit): ApiToken => ({ id: '', name: '', policies: [], addresses })
const admits = (addresses: AddressLimit, address: string | undefined) => admitsAddress(tokenOf(addresses), address)

describe('an address or a prefix', () => {
  test.each([
    ...['192.0.2.7', '0.0.0.0', '255.255.255.255', '192.0.2.0/24', '0.0.0.0/0', '192.0.2.7/32', '192.0.2.7/8'],
    ...['::', '::1', '2001:db8::', '2001:DB8:1:2:3:4:5:6', '2001:db8::/32', '::/0', '1::8/128', '1:2:3:4:5:6:7::', '::ffff:192.0.2.7'],
    ...['::ffff:192.0.2.0/120', '64:ff9b::192.0.2.7'],
  ])('is %s', (text) => expect(isAddressRange(text)).toBe(true))

  test.each([
    ...[
      '',
      'localhost',
      '192.0.2',
      '192.0.2.256',
      '192.0.2.07',
      '0300.0.2.7',
      '192.0.2.7/33',
      '192.0.2.7/',
      '192.0.2.7/08',
      '192.0.2.7/-1',
    ],
    ...[
      '192.0.2.7/24/24',
      ' 192.0.2.7',
      '192.0.2.7 ',
      '1:2:3',
      '1:2:3:4:5:6:7:8:9',
      '::1::',
      ':1',
      '1:',
      ':::',
      'g::',
      '12345::',
      '::/129',
    ],
    ...[
      '1:2:3:4:5:6:7::8',
      'fe80::1%eth0',
      '[::1]',
      '192.0.2.7:80',
      '::192.0.2.7:1',
      '::1.2.3',
      '::ffff:0:0/90',
      '1'.repeat(100),
      '0x7f.1',
    ],
  ])('is not %j', (text) => expect(isAddressRange(text)).toBe(false))
})

describe('a token', () => {
  test('without a limit is for every address, and for unknown ones', () => {
    for (const address of ['192.0.2.7', '::1', undefined, 'nonsense']) expect(admitsAddress(tokenOf(), address)).toBe(true)
  })

  test.each<[AddressLimit, string[], (string | undefined)[]]>([
    [
      { in: ['192.0.2.0/24'] },
      ['192.0.2.0', '192.0.2.255', '::ffff:192.0.2.9', '::FFFF:c000:0209'],
      ['192.0.3.0', '192.0.1.255', '::1', undefined],
    ],
    [{ in: ['192.0.2.9/24'] }, ['192.0.2.0'], ['192.0.3.0']],
    [{ in: ['192.0.2.7', '2001:db8::/32'] }, ['192.0.2.7', '2001:db8:ffff::'], ['192.0.2.8', '2001:db9::']],
    [{ notIn: ['192.0.2.0/24'] }, ['192.0.3.1', '::1'], ['192.0.2.1', '::ffff:192.0.2.1', undefined, '', 'x', '192.0.2.1, 10.0.0.1']],
    [{ in: ['10.0.0.0/8'], notIn: ['10.1.0.0/16'] }, ['10.0.0.1', '10.2.0.0'], ['10.1.2.3', '11.0.0.0']],
    [{ in: ['::/0'] }, ['::1', '2001:db8::1'], ['192.0.2.7', '::ffff:192.0.2.7']],
    [{ in: ['0.0.0.0/0'] }, ['192.0.2.7', '255.255.255.255'], ['::1', '::']],
    [{ in: ['::ffff:10.0.0.0/104'] }, ['10.9.9.9'], ['11.0.0.0']],
    [{ in: ['192.0.2.1'], notIn: ['192.0.2.1'] }, [], ['192.0.2.1']],
  ])('with the limit %j admits %j and refuses %j', (limit, admitted, refused) => {
    for (const address of admitted) expect(admits(limit, address), address).toBe(true)
    for (const address of refused) expect(admits(limit, address), address).toBe(false)
  })
})

// ---- Properties: a few addresses, with every prefix that tells them apart.

const ADDRESSES = [
  '10.0.0.0',
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
  '10.0.0.4',
  '255.255.255.255',
  '::',
  '2001:db8::',
  '2001:db8::1',
  'ffff::',
]
const someRange = fc
  .tuple(fc.constantFrom(...ADDRESSES), fc.constantFrom(0, 1, 29, 30, 31, 32, 64, 126, 127, 128))
  .map(([address, bits]) => (address.includes(':') ? `${address}/${bits}` : `${address}/${Math.min(bits, 32)}`))
const someLimit: fc.Arbitrary<AddressLimit | undefined> = fc.option(
  fc.record(
    { in: fc.array(someRange, { minLength: 1, maxLength: 3 }), notIn: fc.array(someRange, { maxLength: 3 }) },
    { requiredKeys: [] },
  ),
  { nil: undefined },
)

/** The bits of an address, in plain code. */
const bitsOf = (address: string): string => {
  if (!address.includes(':'))
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')
  const [before = '', after = ''] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const missing = Array(8 - groups(before).length - groups(after).length).fill('0')
  return [...groups(before), ...missing, ...groups(after)].map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('')
}
function isIn(address: string, range: string): boolean {
  const [start = '', bits] = range.split('/')
  return address.includes(':') === start.includes(':') && bitsOf(address).startsWith(bitsOf(start).slice(0, Number(bits)))
}
const expected = (limit: AddressLimit | undefined, address: string) =>
  (limit?.in === undefined || limit.in.some((range) => isIn(address, range))) && !limit?.notIn?.some((range) => isIn(address, range))

describe('for random limits', () => {
  test('an address is admitted as its bits say', () => {
    fc.assert(
      fc.property(someLimit, (limit) => {
        for (const address of ADDRESSES) expect(admitsAddress(tokenOf(limit), address)).toBe(expected(limit, address))
      }),
      { numRuns: 1000 },
    )
  })

  test('no token grants an address that it does not have, and each grants its own', () => {
    fc.assert(
      fc.property(someLimit, someLimit, (own, given) => {
        expect(mayGrantAddresses(tokenOf(own), own)).toBe(true)
        if (!mayGrantAddresses(tokenOf(own), given)) return
        for (const address of ADDRESSES) if (expected(given, address)) expect(expected(own, address)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

test.each<[AddressLimit | undefined, AddressLimit | undefined, boolean]>([
  [undefined, undefined, true],
  [undefined, { in: ['10.0.0.0/8'] }, true],
  [{ in: ['10.0.0.0/8'] }, undefined, false],
  [{ notIn: ['10.0.0.0/8'] }, undefined, false],
  [{ notIn: ['10.0.0.0/8'] }, { notIn: ['10.0.0.0/7'] }, true],
  [{ notIn: ['10.0.0.0/8'] }, { notIn: ['10.0.0.0/9'] }, false],
  [{ in: ['10.0.0.0/8'] }, { in: ['10.1.0.0/16', '10.2.0.1'] }, true],
  [{ in: ['10.0.0.0/8'] }, { in: ['10.1.0.0/16', '::1'] }, false],
  [{ in: ['10.0.0.0/9', '10.128.0.0/9'] }, { in: ['10.0.0.0/8'] }, true],
  [{ in: ['10.0.0.0/8'] }, { in: ['10.0.0.0/7'], notIn: ['11.0.0.0/8'] }, true],
])('a token with the limit %j may grant %j: %s', (own, given, may) => expect(mayGrantAddresses(tokenOf(own), given)).toBe(may))

test('root grants every address', () => expect(mayGrantAddresses({ ...tokenOf(), root: true }, undefined)).toBe(true))

test('a long list of random text is read in a bounded time', () => {
  const text = `${'1:'.repeat(20)}::`
  const start = performance.now()
  for (let n = 0; n < 10_000; n++) isAddressRange(text + n)
  expect(performance.now() - start).toBeLessThan(10_000)
})
