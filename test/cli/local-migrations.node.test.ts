import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { migrationFiles } from '../../src/cli/local-migrations.ts'
import { ROOT } from '../../src/cli/wrangler.ts'

test('a server that reloads watches the migrations of every folder', () => {
  const all = readdirSync(join(ROOT, 'migrations'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sql'))
  expect(migrationFiles().toSorted()).toEqual(all.map((name) => join(ROOT, 'migrations', name)).toSorted())
})
