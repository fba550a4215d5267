import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { createXXHash3, createXXHash64, createXXHash128, type IHasher } from 'hash-wasm'
import { beforeAll, expect, test, vi } from 'vitest'
import wabt from 'wabt'
import type { Xxhash, XxhashName } from '../../../src/core/xxhash/xxhash.ts'

const sourceFile = (name: string) => readFile(join(import.meta.dirname, '../../../src/core/xxhash', name))

// Node has no import of WebAssembly, and workerd, where the unit tests run, cannot run the library that this file compares with.
vi.mock('../../../src/core/xxhash/xxhash.wasm', async () => ({
  default: Reflect.construct(WebAssembly.Module, [await sourceFile('xxhash.wasm')]),
}))

/** The same hashes from an independent library. */
const LIBRARY: Readonly<Record<XxhashName, () => Promise<IHasher>>> = {
  xxhash64: () => createXXHash64(0, 0),
  xxhash3: () => createXXHash3(0, 0),
  xxhash128: () => createXXHash128(0, 0),
}
const NAMES = Object.keys(LIBRARY) as XxhashName[]

let Hash: new (name: XxhashName) => Xxhash
const libraries = new Map<XxhashName, IHasher>()

beforeAll(async () => {
  // Node 20 and 22 do not have it yet; workerd has.
  Uint8Array.fromHex ??= (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
  ;({ Xxhash: Hash } = await import('../../../src/core/xxhash/xxhash.ts'))
  for (const name of NAMES) libraries.set(name, await LIBRARY[name]())
})

const theirs = (name: XxhashName, bytes: Uint8Array) => libraries.get(name)!.init().update(bytes).digest('hex')

function ours(name: XxhashName, pieces: readonly Uint8Array[]): string {
  const hash = new Hash(name)
  for (const piece of pieces) hash.update(piece)
  return Buffer.from(hash.digest()).toString('hex')
}

const someBytes = (size: number) => Uint8Array.from({ length: size }, (_, index) => (index * index * 31 + (index >> 3)) % 251)

test('the committed module is what its source assembles to', async () => {
  const { parseWat } = await wabt()
  const { buffer } = parseWat('xxhash.wat', await sourceFile('xxhash.wat')).toBinary({})
  expect((await sourceFile('xxhash.wasm')).toString('hex')).toBe(Buffer.from(buffer).toString('hex'))
})

test.each(NAMES)('%s agrees with the library for every length up to three blocks', (name) => {
  const bytes = someBytes(3 * 1024 + 70)
  for (let size = 0; size <= bytes.length; size++) {
    const piece = bytes.subarray(0, size)
    expect([size, ours(name, [piece])]).toEqual([size, theirs(name, piece)])
  }
})

test.each(NAMES)('%s agrees with the library however the bytes are split', (name) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 12 }), (pieces) => {
      expect(ours(name, pieces)).toBe(theirs(name, Buffer.concat(pieces)))
    }),
  )
})

test.each(NAMES)('%s reads all bytes, more or less than the module holds at a time', (name) => {
  const bytes = someBytes(200_000)
  for (const size of [65_535, 65_536, 65_537, 131_072, 196_625]) {
    const whole = bytes.subarray(0, size)
    expect(ours(name, [whole.subarray(0, 1000), whole.subarray(1000)])).toBe(theirs(name, whole))
  }
})

test('hashes that are computed in turns do not disturb each other', () => {
  const bytes = someBytes(5000)
  const hashes = NAMES.map((name) => ({ name, hash: new Hash(name) }))
  for (let at = 0; at < bytes.length; at += 100) for (const { hash } of hashes) hash.update(bytes.subarray(at, at + 100))
  for (const { name, hash } of hashes) expect(Buffer.from(hash.digest()).toString('hex')).toBe(theirs(name, bytes))
})
