import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import wabt from 'wabt'

const sourceFile = (name: string) => readFile(join(import.meta.dirname, '../../../src/core/crc', name))

test('the committed module is what its source assembles to', async () => {
  const source = await sourceFile('crc.wat')
  const { parseWat } = await wabt()
  const { buffer } = parseWat('crc.wat', source).toBinary({})
  expect((await sourceFile('crc.wasm')).toString('hex')).toBe(Buffer.from(buffer).toString('hex'))
})
