import { expect, test } from 'vitest'
import { readOptions } from '../../bench/options.ts'

// A7: what was named is measured or refused.

const read = (...args: string[]) => readOptions(args, '/root')

test('a peer is measured beside the columns that were named', () => {
  const { columns, peers } = read('--columns', 'serve', '--peer', 'VGW=http://127.0.0.1:7070')
  expect([columns, peers]).toEqual([['serve'], [{ name: 'VGW', url: 'http://127.0.0.1:7070' }]])
  expect(read('--columns', 'serve,VGW', '--peer', 'VGW=http://127.0.0.1:7070').columns).toEqual(['serve', 'VGW'])
})

test.each([
  [['--columns', 'serve,VGW'], 'There is no column VGW: there are r2, dev, serve, s3rver'],
  [['--columns', 'serv'], 'There is no column serv'],
  [['--peer', 'VGW'], '"VGW" is no peer'],
  [['--peer', '=http://127.0.0.1:1'], 'is no peer'],
  [['--peer', 'serve=http://127.0.0.1:1'], 'has a column of its own'],
  [['--rows', 'put-1k,post'], 'No row begins with post'],
  [['--rounds', 'many'], '"many" is no number of rounds'],
])('%s is refused', (args, message) => {
  expect(() => read(...args)).toThrow(message)
})

test('the load generator can be measured alone', () => {
  expect(read('--rows', 'none').rows).toEqual(['none'])
})
