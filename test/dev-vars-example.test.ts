import { expect, test } from 'vitest'
import example from '../.dev.vars.example?raw'
import { readSecrets } from '../src/config.ts'
import { env } from './support/bucket.ts'

const given = [...example.matchAll(/^(\w+)=(\S+)/gm)].map(([, name, text]) => [name as string, text as string] as const)

test('the example names four secrets', () => expect(given).toHaveLength(4))

test.each(given)('a deployment refuses the text of the example as %s', (name, text) => {
  expect(() => readSecrets({ ...env, [name]: text })).toThrow(`The secret ${name} must be`)
})
