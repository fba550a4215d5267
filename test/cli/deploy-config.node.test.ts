import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { deployConfig } from '../../src/cli/deploy-config.ts'

const PLACES = { main: 'node_modules/cairn/dist/worker/worker/index.js', migrations: 'node_modules/cairn/migrations' }

test('the configuration of a package deploys the built Worker, with the bindings and names of a checkout', () => {
  const checkout = readFileSync('wrangler.jsonc', 'utf8')
  const made = deployConfig(checkout, PLACES)
  expect(made).toContain(`"main": "${PLACES.main}",\n  "no_bundle": true,`)
  expect(made).toContain('"migrations_dir": "node_modules/cairn/migrations/control"')
  expect(made).toContain('"migrations_dir": "node_modules/cairn/migrations/segments"')
  expect(made).toContain('"CompiledWasm", "globs": ["**/*.wasm"]')
  const changed = made.split('\n').filter((line) => !checkout.includes(line))
  expect(changed).toHaveLength(5)
})

test('a configuration that looks otherwise is refused', () => {
  expect(() => deployConfig('{}', PLACES)).toThrow('The configuration has no "main"')
})
