import { expect, test } from 'vitest'
import { clientAddress, clientNetwork, comingFrom } from '../../src/http/client-network.ts'

const of = (address: string) => clientNetwork({ headers: new Headers({ 'cf-connecting-ip': address }) })

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['::', '0:0:0:0'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['x'.repeat(46), 'unknown'],
])('%s is in %s', (address, network) => expect(of(address)).toBe(network))

test('every address of a /64 network is one client', () => {
  for (const low of ['::1', ':ffff:ffff:ffff:ffff', '::a:b']) expect(of(`2001:db8:7:9${low}`)).toBe('2001:db8:7:9')
})

test('who sends no address is counted with all others that do not', () => expect(clientNetwork({ headers: new Headers() })).toBe('unknown'))

test.each([
  ['127.0.0.1:50000', '127.0.0.1'],
  ['[::1]:50000', '::1'],
  ['[2001:db8:1:2::6]:1', '2001:db8:1:2::6'],
  ['unix:/run/cairn.sock', undefined],
])('a local server believes its connection, not a header: %s', (clientIp, address) => {
  const headers = new Headers({ 'cf-connecting-ip': '192.0.2.7' })
  expect(clientAddress({ headers, cf: { clientIp } })).toBe(address)
})

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['unknown', undefined],
])('a deployment that says where requests come from believes nothing else: %s', async (setting, address) => {
  const headers = { 'cf-connecting-ip': '192.0.2.7' }
  const cf = { clientIp: '192.0.2.7:1', clientAcceptEncoding: 'br' } as unknown as RequestInitCfProperties
  const request = comingFrom(new Request('http://localhost/', { method: 'POST', headers, body: 'text', cf }), setting)
  expect(clientAddress(request)).toBe(address)
  expect(request.cf).toMatchObject({ clientAcceptEncoding: 'br' })
  expect(await request.text()).toBe('text')
})

test('without an address of the connection the header counts, unless no address is that long', () => {
  const of = (address: string) => clientAddress({ headers: new Headers({ 'cf-connecting-ip': address }), cf: {} })
  expect(of('192.0.2.7')).toBe('192.0.2.7')
  expect(of('x'.repeat(46))).toBeUndefined()
})
