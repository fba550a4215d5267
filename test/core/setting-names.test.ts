import { expect, expectTypeOf, test } from 'vitest'
import { SECRET_VARIABLES, SETTING_NAMES } from '../../src/core/setting-names.ts'
import type { Env } from '../../src/env.ts'

/** The variables of the Worker: everything in its environment that is text. */
type Variable = { [Name in keyof Env]-?: NonNullable<Env[Name]> extends string ? Name : never }[keyof Env]

type Known = (typeof SETTING_NAMES)[number] | (typeof SECRET_VARIABLES)[number]

// Whoever adds a variable to src/env.ts and not to src/core/setting-names.ts meets a type error here.
test('the lists of settings and secrets have every variable of the Worker', () => {
  expectTypeOf<Exclude<Variable, Known>>().toBeNever()
  expectTypeOf<Exclude<Known, Variable>>().toBeNever()
  expect(new Set([...SETTING_NAMES, ...SECRET_VARIABLES]).size).toBe(SETTING_NAMES.length + SECRET_VARIABLES.length)
})
